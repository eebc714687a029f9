package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Optional;

/**
 * Reads JSON that others wrote. What the parser says of broken text is dropped: it would quote the
 * text, which may hold secrets.
 */
final class Json {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  /**
   * The value that these bytes are, which is a missing node if they are blank; empty if no JSON.
   */
  static Optional<JsonNode> parse(byte[] bytes) {
    try {
      return Optional.of(MAPPER.readTree(bytes));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new AssertionError("an array can be read", e);
    }
  }

  /** The text of a field; empty if there is none. */
  static String text(JsonNode node, String field) {
    return node.path(field).asText("");
  }
}
