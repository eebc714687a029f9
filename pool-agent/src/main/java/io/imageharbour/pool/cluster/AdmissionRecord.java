package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.etcd.jetcd.KeyValue;
import io.imageharbour.indexer.Digest;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool's admission in etcd: key {@code <prefix>/admission}, value a JSON object of at most
 * {@link #MAX_VALUE} bytes. Only who leads can write it: etcd is asked to compare the leader's key.
 * Safe for use by many threads.
 *
 * <pre>
 *   {"term": 17, "leader": "node-1", "epochSecond": 1790000000,
 *    "images": ["9f86d081884c7d65…", …]}
 * </pre>
 */
public final class AdmissionRecord {

  static final int MAX_VALUE = 128 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(AdmissionRecord.class);

  private final EtcdConnection etcd;
  private final String key;

  /** On a connection, which stays the caller's. */
  public AdmissionRecord(EtcdConnection etcd) {
    this.etcd = etcd;
    key = etcd.key("admission");
  }

  /** What holds now; empty if no leader has decided yet, or what is there is no admission. */
  public Optional<Admission> get() throws EtcdUnavailableException, InterruptedException {
    return etcd.get(key).flatMap(AdmissionRecord::decode);
  }

  /**
   * Has other images admitted; the same ones are not written again.
   *
   * @return whether these are admitted now; false if the term is over, or somebody else has written
   *     meanwhile
   */
  public boolean put(Admission wanted) throws EtcdUnavailableException, InterruptedException {
    Optional<KeyValue> now = etcd.get(key);
    Optional<Admission> known = now.flatMap(AdmissionRecord::decode);
    if (known.isPresent() && known.get().images().equals(wanted.images())) {
      return true;
    }
    return etcd.putWhile(
        key,
        encode(wanted),
        now.map(KeyValue::getModRevision).orElse(0L),
        Leadership.key(etcd),
        wanted.term());
  }

  private static byte[] encode(Admission admission) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("term", admission.term());
    node.put("leader", admission.leader());
    node.put("epochSecond", admission.epochSecond());
    ArrayNode images = node.putArray("images");
    admission.images().forEach(image -> images.add(image.hex()));
    return node.toString().getBytes(UTF_8);
  }

  private static Optional<Admission> decode(KeyValue entry) {
    try {
      JsonNode node = RecordJson.parse(entry.getValue(), MAX_VALUE);
      Set<Digest> images = new HashSet<>();
      for (JsonNode image : node.path("images")) {
        images.add(Digest.fromHex(image.asText()));
      }
      return Optional.of(
          new Admission(
              RecordJson.number(node, "term"),
              RecordJson.text(node, "leader"),
              RecordJson.number(node, "epochSecond"),
              images));
    } catch (InvalidRecordException | IllegalArgumentException e) {
      LOG.warn("event=admission-passed-over cause=\"{}\"", e.getMessage());
      return Optional.empty();
    }
  }
}
