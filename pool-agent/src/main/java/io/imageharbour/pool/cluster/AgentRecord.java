package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.etcd.jetcd.ByteSequence;

/**
 * An agent as etcd keeps it: key {@code <prefix>/agents/<id>}, value a JSON object of at most
 * {@link #MAX_VALUE} bytes, in which fields that a later version adds are passed over.
 *
 * <pre>
 *   {"endpoint": "host:7070", "memoryBytes": 8589934592}
 * </pre>
 */
final class AgentRecord {

  /** What stands before the id, after the prefix of the pool's keys and a slash. */
  static final String DIRECTORY = "agents/";

  static final int MAX_VALUE = 4096;

  private AgentRecord() {}

  static byte[] encode(AgentAddress agent) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("endpoint", agent.endpoint());
    node.put("memoryBytes", agent.memoryBytes());
    return node.toString().getBytes(UTF_8);
  }

  /**
   * Reads what a key says.
   *
   * @param id the rest of the key
   * @throws InvalidRecordException if it is not an agent's
   */
  static AgentAddress decode(ByteSequence id, ByteSequence value) throws InvalidRecordException {
    String name = id.toString(UTF_8);
    if (!AgentAddress.isId(name)) {
      throw new InvalidRecordException("its key ends with no agent's id");
    }
    JsonNode node = RecordJson.parse(value, MAX_VALUE);
    try {
      return AgentAddress.at(
          name, RecordJson.text(node, "endpoint"), RecordJson.number(node, "memoryBytes"));
    } catch (IllegalArgumentException e) {
      throw new InvalidRecordException(e);
    }
  }
}
