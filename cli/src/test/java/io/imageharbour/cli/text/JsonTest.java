package io.imageharbour.cli.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringWriter;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class JsonTest {

  @Property
  void anyBytesMakeAsciiJsonThatStillHoldsThem(@ForAll byte[] bytes) throws IOException {
    String json = object(bytes);

    assertThat(json.chars()).allMatch(c -> c == '\n' || (c >= 0x20 && c < 0x80));
    JsonNode read = new ObjectMapper().readTree(json);
    byte[] back =
        read.has("name_base64")
            ? read.get("name_base64").binaryValue()
            : read.get("name").textValue().getBytes(UTF_8);
    assertThat(back).isEqualTo(bytes);
  }

  @Test
  void onlyBytesThatAreNoTextComeInBase64() throws IOException {
    assertThat(object("café".getBytes(ISO_8859_1))).contains("\"name_base64\" : \"Y2Fm6Q==\"");
    assertThat(object("cafe".getBytes(ISO_8859_1))).doesNotContain("base64");
  }

  private static String object(byte[] name) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = Json.generator(text)) {
      json.writeStartObject();
      Json.writeBytes(json, "name", name);
      json.writeEndObject();
    }
    return text.toString();
  }
}
