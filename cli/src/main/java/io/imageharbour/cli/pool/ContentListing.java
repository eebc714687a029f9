package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.pool.client.AgentControl.Listed;
import io.imageharbour.pool.client.AgentUnavailableException;
import java.io.IOException;
import java.io.Writer;
import java.util.Comparator;
import java.util.List;

/**
 * The contents of every agent, in the order of their digests.
 *
 * @param answers of each agent
 */
public record ContentListing(List<Answer<List<Listed>>> answers) {

  public ContentListing {
    answers = List.copyOf(answers);
  }

  /** Why agents did not answer. */
  public List<AgentUnavailableException> failures() {
    return Answer.failures(answers);
  }

  /** Writes a line for each content. */
  public void writeText(Writer out) throws IOException {
    for (Answer<List<Listed>> answer : answers) {
      for (Listed content : sorted(answer)) {
        out.write(
            "%s  %7d  %s%n".formatted(content.digest(), content.size(), answer.agent().endpoint()));
      }
    }
  }

  /** Writes an array of objects. */
  public void writeJson(Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartArray();
      for (Answer<List<Listed>> answer : answers) {
        for (Listed content : sorted(answer)) {
          json.writeStartObject();
          json.writeStringField("digest", content.digest().toString());
          json.writeNumberField("size", content.size());
          json.writeStringField("agent", answer.agent().endpoint());
          json.writeEndObject();
        }
      }
      json.writeEndArray();
    }
    out.write("\n");
  }

  private static List<Listed> sorted(Answer<List<Listed>> answer) {
    return answer.value().orElse(List.of()).stream()
        .sorted(Comparator.comparing(Listed::digest))
        .toList();
  }
}
