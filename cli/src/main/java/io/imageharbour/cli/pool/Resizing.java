package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.AgentStatus;
import io.imageharbour.pool.client.AgentUnavailableException;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.process.ByteSize;
import java.io.IOException;
import java.io.Writer;
import java.util.List;

/**
 * How agents came to lend more or less memory.
 *
 * @param answers of each agent
 */
public record Resizing(List<Answer<Change>> answers) {

  /** Where an agent's memory is to go; what lies in the other direction is left as it is. */
  public enum Direction {
    SHRINK,
    GROW
  }

  /**
   * What changed at an agent.
   *
   * @param lent bytes that it lent before
   * @param lends bytes that it lends now
   * @param givenUp contents that found no room in what is left
   * @param isRight whether the wanted size lies in the wanted direction
   */
  public record Change(long lent, long lends, long givenUp, boolean isRight) {}

  public Resizing {
    answers = List.copyOf(answers);
  }

  /**
   * Has agents lend so many bytes.
   *
   * @param direction agents that lend less already than a smaller size, or more than a bigger one,
   *     stay as they are
   */
  public static Resizing of(PoolControl pool, long bytes, Direction direction)
      throws InterruptedException {
    return new Resizing(Answer.ofAll(pool, agent -> resize(agent, bytes, direction)));
  }

  private static Change resize(AgentControl agent, long bytes, Direction direction)
      throws AgentUnavailableException {
    AgentStatus before = agent.status();
    boolean isRight =
        direction == Direction.SHRINK ? bytes <= before.capacity() : bytes >= before.capacity();
    if (!isRight) {
      return new Change(before.capacity(), before.capacity(), 0, false);
    }
    long lends = agent.resize(bytes);
    AgentStatus after = agent.status();
    return new Change(before.capacity(), lends, after.evicted() - before.evicted(), true);
  }

  /** Why agents did not do it. */
  public List<AgentUnavailableException> failures() {
    return Answer.failures(answers);
  }

  /** Whether no agent was asked to go in the other direction. */
  public boolean isRight() {
    return answers.stream().flatMap(each -> each.value().stream()).allMatch(Change::isRight);
  }

  /** Writes a line for each agent. */
  public void writeText(Writer out) throws IOException {
    for (Answer<Change> answer : answers) {
      if (answer.value().isPresent()) {
        out.write(answer.agent().endpoint() + "  " + line(answer.value().get()) + "\n");
      }
    }
  }

  /** Writes an array of objects, one for each agent that did answer. */
  public void writeJson(Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartArray();
      for (Answer<Change> answer : answers) {
        if (answer.value().isPresent()) {
          Change change = answer.value().get();
          json.writeStartObject();
          json.writeStringField("agent", answer.agent().endpoint());
          json.writeNumberField("lent", change.lent());
          json.writeNumberField("lends", change.lends());
          json.writeNumberField("givenUp", change.givenUp());
          json.writeEndObject();
        }
      }
      json.writeEndArray();
    }
    out.write("\n");
  }

  private static String line(Change change) {
    String lends = "lends " + ByteSize.format(change.lends());
    if (change.lends() == change.lent()) {
      return change.isRight()
          ? lends + " as before: memory comes and goes in whole slabs"
          : lends + " as before: that size lies in the other direction, see pool shrink and grow";
    }
    if (change.lends() > change.lent()) {
      return lends + ", " + ByteSize.format(change.lends() - change.lent()) + " more than before";
    }
    return "%s; %s went back to the host; %s given up"
        .formatted(
            lends,
            ByteSize.format(change.lent() - change.lends()),
            Quantity.count(change.givenUp(), "content"));
  }
}
