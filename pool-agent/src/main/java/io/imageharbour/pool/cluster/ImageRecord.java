package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.etcd.jetcd.ByteSequence;
import io.imageharbour.indexer.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An image as etcd keeps it: key {@code <prefix>/images/<64 hexadecimal digits>}, value a JSON
 * object of at most {@link #MAX_VALUE} bytes.
 *
 * <pre>
 *   {"names": ["docker.io/library/nginx:1.27"], "sizeBytes": 150000000, "files": 3000,
 *    "frequency": {"value": 2.5, "epochSecond": 1790000000},
 *    "missed": {"value": 0.1, "epochSecond": 1790000000},
 *    "agents": {"node-1": 75000000, "node-2": 75000000}}
 * </pre>
 */
final class ImageRecord {

  /** What stands before the digest, after the prefix of the pool's keys and a slash. */
  static final String DIRECTORY = "images/";

  /** Enough for the most and longest names and agents. */
  static final int MAX_VALUE = 512 << 10;

  private ImageRecord() {}

  static byte[] encode(CatalogImage image) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    ArrayNode names = node.putArray("names");
    image.names().forEach(names::add);
    node.put("sizeBytes", image.sizeBytes());
    node.put("files", image.files());
    put(image.frequency(), node.putObject("frequency"));
    put(image.missed(), node.putObject("missed"));
    ObjectNode agents = node.putObject("agents");
    image.agents().forEach(agents::put);
    return node.toString().getBytes(UTF_8);
  }

  /**
   * Reads what a key says.
   *
   * @param id the rest of the key
   * @throws InvalidRecordException if it is not an image's
   */
  static CatalogImage decode(ByteSequence id, ByteSequence value) throws InvalidRecordException {
    if (id.size() != 2 * Digest.BYTES) {
      throw new InvalidRecordException("its key is no digest");
    }
    JsonNode node = RecordJson.parse(value, MAX_VALUE);
    List<String> names = new ArrayList<>();
    for (JsonNode name : node.path("names")) {
      if (!name.isTextual()) {
        throw new InvalidRecordException("one of its names is no text");
      }
      names.add(name.textValue());
    }
    Map<String, Long> agents = new HashMap<>();
    for (Map.Entry<String, JsonNode> agent : node.path("agents").properties()) {
      agents.put(agent.getKey(), RecordJson.number(node.path("agents"), agent.getKey()));
    }
    try {
      return new CatalogImage(
          Digest.fromHex(id.toString(UTF_8)),
          names,
          RecordJson.number(node, "sizeBytes"),
          RecordJson.number(node, "files"),
          frequency(node, "frequency"),
          frequency(node, "missed"),
          agents);
    } catch (IllegalArgumentException e) {
      throw new InvalidRecordException(e);
    }
  }

  private static void put(AccessFrequency frequency, ObjectNode node) {
    node.put("value", frequency.value());
    node.put("epochSecond", frequency.epochSecond());
  }

  private static AccessFrequency frequency(JsonNode image, String field)
      throws InvalidRecordException {
    JsonNode node = image.path(field);
    JsonNode value = node.path("value");
    if (!value.isNumber()) {
      throw new InvalidRecordException("its " + field + " is no number");
    }
    return new AccessFrequency(value.doubleValue(), RecordJson.number(node, "epochSecond"));
  }
}
