package io.imageharbour.indexer.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Reads manifests, image indexes and image configs of one repository, and checks them. Two readers
 * must not understand one document differently, so what is ambiguous (duplicate keys, a manifest
 * that is a list as well) is refused. Safe for use by several threads.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/manifest.md">OCI image
 *     manifest specification</a>
 */
public final class ImageReader {

  /** The largest config that is read: 8 MiB. */
  public static final long MAX_CONFIG = 8 << 20;

  private static final int MAX_DESCRIPTORS = 10_000;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Repository repository;

  public ImageReader(Repository repository) {
    this.repository = repository;
  }

  /** Understands a manifest or an image index of the repository. */
  public ImageDocument parse(Manifest manifest) throws MalformedImageException {
    ObjectNode json = object(manifest.bytes(), manifest.digest());
    if (json.has("manifests") == json.has("layers")) {
      throw malformed(
          manifest.digest(),
          json.path("schemaVersion").asInt() == 1
              ? "it has Docker's old schema 1; push the image again with a current tool"
              : "it is neither an image manifest nor an image index");
    }
    SequencedMap<String, String> annotations = annotations(json, manifest.digest());
    if (json.has("manifests")) {
      return new ImageList(descriptors(json, "manifests", manifest.digest()), annotations);
    }
    Descriptor config = descriptor(json.path("config"), "config", manifest.digest());
    return new ImageManifest(
        json.path("artifactType").asText(),
        json.has("subject")
            ? Optional.of(descriptor(json.path("subject"), "subject", manifest.digest()))
            : Optional.empty(),
        config,
        descriptors(json, "layers", manifest.digest()),
        annotations);
  }

  /**
   * The digests of an image's layers, uncompressed, from the bottom to the top.
   *
   * @return as many as the manifest has layers
   * @throws MalformedImageException if the config has another number, or others than digests
   */
  public List<Digest> diffIds(ImageManifest image, Config config) throws MalformedImageException {
    List<Digest> diffIds = new ArrayList<>();
    try {
      for (JsonNode diffId : config.json().at("/rootfs/diff_ids")) {
        diffIds.add(Digest.parse(diffId.asText()));
      }
    } catch (IllegalArgumentException e) {
      throw malformed(Digest.sha256(config.bytes()), "a diff_id is wrong: " + e.getMessage());
    }
    if (diffIds.size() != image.layers().size()) {
      throw malformed(
          Digest.sha256(config.bytes()),
          "it is the config of %d layers, and the manifest has %d; the image is damaged"
              .formatted(diffIds.size(), image.layers().size()));
    }
    return diffIds;
  }

  /** An image config, as bytes and parsed. */
  public record Config(byte[] bytes, ObjectNode json) {}

  /** Fetches a config, verifies it and parses it. */
  public Config config(Descriptor config) throws IOException, InterruptedException {
    if (config.size() > MAX_CONFIG) {
      throw malformed(config.digest(), "a config of " + config.size() + " bytes is too big");
    }
    byte[] bytes;
    try (InputStream blob = repository.openBlob(config.digest(), config.size())) {
      bytes = blob.readAllBytes();
    }
    return config(bytes);
  }

  /** Parses a config that came in another way. */
  public Config config(byte[] bytes) throws MalformedImageException {
    return new Config(bytes, object(bytes, Digest.sha256(bytes)));
  }

  /** What the config says that it is for. */
  public Platform platform(Config config, Digest digest) throws MalformedImageException {
    try {
      return platform(config.json())
          .orElseThrow(() -> malformed(digest, "it does not say for which platform it is"));
    } catch (IllegalArgumentException e) {
      throw malformed(digest, String.valueOf(e.getMessage()));
    }
  }

  private ObjectNode object(byte[] bytes, Digest digest) throws MalformedImageException {
    try {
      if (JSON.readTree(bytes) instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new MalformedImageException(
          digest + " of " + repository.name() + " is no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw malformed(digest, "it is no JSON");
    }
    throw malformed(digest, "it is no JSON object");
  }

  private List<Descriptor> descriptors(ObjectNode json, String field, Digest of)
      throws MalformedImageException {
    JsonNode array = json.path(field);
    if (!array.isArray() || array.size() > MAX_DESCRIPTORS) {
      throw malformed(of, "\"" + field + "\" is no array of at most " + MAX_DESCRIPTORS);
    }
    List<Descriptor> descriptors = new ArrayList<>();
    for (JsonNode descriptor : array) {
      descriptors.add(descriptor(descriptor, field, of));
    }
    return descriptors;
  }

  private Descriptor descriptor(JsonNode json, String field, Digest of)
      throws MalformedImageException {
    long size = json.path("size").asLong(-1);
    if (size < 0 || !json.path("digest").isTextual()) {
      throw malformed(of, "a descriptor in \"" + field + "\" has no digest or no size");
    }
    JsonNode platform = json.path("platform");
    boolean unknown =
        platform.path("os").asText().equals("unknown")
            && platform.path("architecture").asText().equals("unknown");
    try {
      return new Descriptor(
          json.path("mediaType").asText(),
          Digest.parse(json.path("digest").asText()),
          size,
          unknown ? Optional.empty() : platform(platform),
          unknown,
          json.path("artifactType").asText(),
          annotations(json, of));
    } catch (IllegalArgumentException e) {
      throw malformed(of, "a descriptor in \"" + field + "\" is wrong: " + e.getMessage());
    }
  }

  private static Optional<Platform> platform(JsonNode json) {
    String os = json.path("os").asText();
    String architecture = json.path("architecture").asText();
    return os.isEmpty() || architecture.isEmpty()
        ? Optional.empty()
        : Optional.of(new Platform(os, architecture, json.path("variant").asText()));
  }

  private SequencedMap<String, String> annotations(JsonNode json, Digest of)
      throws MalformedImageException {
    SequencedMap<String, String> annotations = new LinkedHashMap<>();
    for (var entry : json.path("annotations").properties()) {
      if (!entry.getValue().isTextual()) {
        throw malformed(of, "an annotation is no text");
      }
      annotations.put(entry.getKey(), entry.getValue().asText());
    }
    return annotations;
  }

  private MalformedImageException malformed(Digest digest, String problem) {
    return new MalformedImageException(
        digest + " of " + repository.name() + " can't be read as an image: " + problem);
  }
}
