package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.pool.client.AgentControl.Evicted;
import java.io.IOException;
import java.io.Writer;
import java.util.List;

/** Shows what agents gave up. */
public final class Eviction {

  private Eviction() {}

  /** Writes a line for each agent that answered. */
  public static void writeText(List<Answer<Evicted>> answers, Writer out) throws IOException {
    for (Answer<Evicted> answer : answers) {
      if (answer.value().isPresent()) {
        Evicted gone = answer.value().get();
        out.write(
            "%s  gave up %s, %s%n"
                .formatted(
                    answer.agent().endpoint(),
                    Quantity.count(gone.contents(), "content"),
                    Quantity.bytes(gone.bytes())));
      }
    }
  }

  /** Writes an array of objects, one for each agent that answered. */
  public static void writeJson(List<Answer<Evicted>> answers, Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartArray();
      for (Answer<Evicted> answer : answers) {
        if (answer.value().isPresent()) {
          Evicted gone = answer.value().get();
          json.writeStartObject();
          json.writeStringField("agent", answer.agent().endpoint());
          json.writeNumberField("contents", gone.contents());
          json.writeNumberField("bytes", gone.bytes());
          json.writeEndObject();
        }
      }
      json.writeEndArray();
    }
    out.write("\n");
  }
}
