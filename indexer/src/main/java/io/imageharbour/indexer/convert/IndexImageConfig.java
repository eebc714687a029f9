package io.imageharbour.indexer.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;

/**
 * The config of an index image: the source's with everything that it says about running the image,
 * but for the one layer that is there now. History is kept; its entries made no layer of this
 * image, so they are marked as empty, and one entry for the index layer is added.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/config.md">OCI image
 *     configuration specification</a>
 */
final class IndexImageConfig {

  private static final JsonMapper JSON = new JsonMapper();

  private IndexImageConfig() {}

  static byte[] of(SourceImage image, Digest diffId) {
    ObjectNode source = image.config().json();
    ObjectNode config = source.deepCopy();
    if (!image.platform().variant().isEmpty()) {
      config.put("variant", image.platform().variant());
    }
    ObjectNode rootfs = JSON.createObjectNode().put("type", "layers");
    rootfs.putArray("diff_ids").add(diffId.toString());
    config.set("rootfs", rootfs);
    ArrayNode history = JSON.createArrayNode();
    for (JsonNode entry : source.path("history")) {
      if (entry instanceof ObjectNode object) {
        history.add(object.deepCopy().put("empty_layer", true));
      }
    }
    ObjectNode added = history.addObject();
    if (source.path("created").isTextual()) {
      added.put("created", source.path("created").asText()); // the same input, the same bytes
    }
    added.put("created_by", "harbourctl convert").put("comment", "index of all layers above");
    config.set("history", history);
    try {
      return JSON.writeValueAsBytes(config);
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of JSON nodes is JSON", e);
    }
  }
}
