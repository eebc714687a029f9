package io.imageharbour.cli.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * JSON for scripts: indented, and ASCII only, so that neither a locale nor a hostile name spoils
 * it.
 */
public final class Json {

  private Json() {}

  /** A generator that leaves {@code target} open when it is closed. */
  public static JsonGenerator generator(Writer target) throws IOException {
    return JsonFactory.builder()
        .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
        .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
        .build()
        .createGenerator(target)
        .setPrettyPrinter(new DefaultPrettyPrinter());
  }

  /**
   * Writes bytes that are text as a rule. Where they are not UTF-8, {@code field} holds replacement
   * characters and a second field {@code field_base64} holds the bytes.
   */
  public static void writeBytes(JsonGenerator json, String field, byte[] bytes) throws IOException {
    try {
      json.writeStringField(
          field, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      json.writeStringField(field, new String(bytes, StandardCharsets.UTF_8));
      json.writeBinaryField(field + "_base64", bytes);
    }
  }
}
