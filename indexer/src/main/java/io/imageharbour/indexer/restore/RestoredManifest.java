package io.imageharbour.indexer.restore;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.registry.UploadedBlob;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Manifests and lists of the original, changed as little as what they refer to has changed: not at
 * all, to the byte, if nothing has.
 */
final class RestoredManifest {

  private static final JsonMapper JSON = new JsonMapper();

  /** What these annotations of a layer say is true of the original's compressed bytes only. */
  private static final List<String> OF_COMPRESSED_BYTES =
      List.of(
          "containerd.io/snapshot/stargz/",
          "io.containers.estargz.",
          "io.github.containers.zstd-chunked.");

  /**
   * Docker's layers that may not be distributed: they must say where else they are to be had, which
   * only the original's compressed bytes are. The types are those of the same layers without that.
   */
  private static final Map<String, String> NOT_WITHOUT_ADDRESSES =
      Map.of(
          "application/vnd.docker.image.rootfs.foreign.diff.tar",
          "application/vnd.docker.image.rootfs.diff.tar",
          "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
          "application/vnd.docker.image.rootfs.diff.tar.gzip");

  private RestoredManifest() {}

  /**
   * The manifest with these layers.
   *
   * @param layers from the bottom to the top
   */
  static byte[] of(Document original, List<UploadedBlob> layers) throws IOException {
    ObjectNode manifest = object(original);
    boolean changed = false;
    for (int i = 0; i < layers.size(); i++) {
      ObjectNode layer = (ObjectNode) manifest.path("layers").get(i);
      if (!layer.path("digest").asText().equals(layers.get(i).digest().toString())) {
        changed = true;
        layer.put("digest", layers.get(i).digest().toString());
        layer.put("size", layers.get(i).size());
        layer.remove("urls");
        String type = layer.path("mediaType").asText();
        layer.put("mediaType", NOT_WITHOUT_ADDRESSES.getOrDefault(type, type));
        removeAnnotations(layer);
      }
    }
    return changed ? bytes(manifest) : original.bytes();
  }

  /**
   * The list with these manifests in the place of others, and without the rest.
   *
   * @param manifests by the digest that they had
   */
  static byte[] listOf(Document original, Map<Digest, UploadedBlob> manifests) throws IOException {
    ObjectNode list = object(original);
    List<JsonNode> kept = new ArrayList<>();
    for (JsonNode entry : list.path("manifests")) {
      UploadedBlob manifest = manifests.get(Digest.parse(entry.path("digest").asText()));
      if (manifest != null && entry instanceof ObjectNode object) {
        object.put("digest", manifest.digest().toString());
        object.put("size", manifest.size());
        kept.add(object);
      }
    }
    ArrayNode entries = list.putArray("manifests");
    kept.forEach(entries::add);
    return bytes(list);
  }

  private static void removeAnnotations(ObjectNode layer) {
    if (layer.get("annotations") instanceof ObjectNode annotations) {
      annotations
          .properties()
          .removeIf(entry -> OF_COMPRESSED_BYTES.stream().anyMatch(entry.getKey()::startsWith));
      if (annotations.isEmpty()) {
        layer.remove("annotations");
      }
    }
  }

  private static ObjectNode object(Document document) throws IOException {
    return (ObjectNode) JSON.readTree(document.bytes()); // was parsed as one when it was fetched
  }

  private static byte[] bytes(ObjectNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of JSON nodes is JSON", e);
    }
  }
}
