package io.imageharbour.indexer.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.image.MediaTypes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The parts of which manifests are made. The same parts always give the same bytes. */
final class ManifestJson {

  /** The config of a manifest that is no container image. */
  static final byte[] EMPTY = "{}".getBytes(StandardCharsets.UTF_8);

  private static final JsonMapper JSON = new JsonMapper();

  /**
   * A recipe that is in the target.
   *
   * @param hiddenPacks packs that it refers to
   */
  record PushedRecipe(Digest digest, long size, List<Pack> hiddenPacks) {}

  private ManifestJson() {}

  /** An OCI manifest without anything in it. */
  static ObjectNode manifest() {
    ObjectNode manifest = object();
    manifest.put("schemaVersion", 2);
    manifest.put("mediaType", MediaTypes.OCI_MANIFEST);
    return manifest;
  }

  /** An OCI manifest of something that is no container image. */
  static ObjectNode artifact(String type) {
    ObjectNode manifest = manifest();
    manifest.put("artifactType", type);
    manifest.set("config", descriptor(MediaTypes.OCI_EMPTY, EMPTY));
    return manifest;
  }

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  static ObjectNode descriptor(String mediaType, byte[] content) {
    return descriptor(mediaType, Digest.sha256(content), content.length);
  }

  static ObjectNode descriptor(String mediaType, Digest digest, long size) {
    return object().put("mediaType", mediaType).put("digest", digest.toString()).put("size", size);
  }

  /** Adds packs, each once, and the recipe: what a registry has to keep for an index. */
  static void addPacks(ArrayNode layers, List<Pack> packs, Optional<PushedRecipe> recipe) {
    Set<Pack> all = new LinkedHashSet<>(packs);
    recipe.ifPresent(pushed -> all.addAll(pushed.hiddenPacks()));
    all.forEach(pack -> layers.add(descriptor(Pack.MEDIA_TYPE, pack.digest(), pack.size())));
    recipe.ifPresent(
        pushed -> layers.add(descriptor(Recipe.MEDIA_TYPE, pushed.digest(), pushed.size())));
  }

  /** A manifest of which is known that it can be read as one. */
  static ObjectNode parse(byte[] manifest) {
    try {
      return JSON.readValue(manifest, ObjectNode.class);
    } catch (IOException e) {
      throw new AssertionError("it was read before", e);
    }
  }

  static byte[] bytes(ObjectNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of JSON nodes is JSON", e);
    }
  }
}
