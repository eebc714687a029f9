package io.imageharbour.pool.cluster;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.etcd.jetcd.ByteSequence;
import java.io.IOException;

/** Reads the JSON objects in etcd, which anybody may have written. */
final class RecordJson {

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(8)
                          .maxNumberLength(40)
                          .build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private RecordJson() {}

  /** Reads an object of at most {@code maxBytes}. */
  static JsonNode parse(ByteSequence value, int maxBytes) throws InvalidRecordException {
    if (value.size() > maxBytes) {
      throw new InvalidRecordException(value.size() + " bytes are more than " + maxBytes);
    }
    try {
      JsonNode node = MAPPER.readTree(value.getBytes());
      if (!node.isObject()) {
        throw new InvalidRecordException("it is no JSON object");
      }
      return node;
    } catch (IOException e) {
      // bytes in no encoding, or no JSON; without what the parser quotes of it
      throw new InvalidRecordException("it is no JSON: " + e.getClass().getSimpleName());
    }
  }

  static String text(JsonNode node, String field) throws InvalidRecordException {
    JsonNode value = node.path(field);
    if (!value.isTextual()) {
      throw new InvalidRecordException("its " + field + " is no text");
    }
    return value.textValue();
  }

  static long number(JsonNode node, String field) throws InvalidRecordException {
    JsonNode value = node.path(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new InvalidRecordException("its " + field + " is no whole number");
    }
    return value.longValue();
  }
}
