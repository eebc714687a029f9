package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.pool.client.AgentStatus;
import io.imageharbour.pool.client.AgentUnavailableException;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.process.ByteSize;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The agents of a pool at one moment, for people and for scripts.
 *
 * @param answers of each agent
 * @param images what the agents say of images
 * @param at when, as {@link System#nanoTime} counts
 */
public record StatusReport(List<Answer<AgentStatus>> answers, PopularImages images, long at) {

  public StatusReport {
    answers = List.copyOf(answers);
  }

  /** Why agents did not answer. */
  public List<AgentUnavailableException> failures() {
    return Answer.failures(answers);
  }

  /**
   * Writes a block for each agent, their sum, and the images.
   *
   * @param before an earlier report, for what goes on between the two
   */
  public void writeText(Optional<StatusReport> before, Writer out) throws IOException {
    for (Answer<AgentStatus> answer : answers) {
      if (answer.value().isPresent()) {
        AgentStatus status = answer.value().get();
        out.write(answer.agent().endpoint() + "  " + Escaped.line(status.id()) + "\n");
        write(status, before.flatMap(report -> report.rate(answer.agent(), status, at)), out);
      } else {
        String failure = answer.failure().map(Throwable::getMessage).orElse("");
        out.write(answer.agent().endpoint() + "\n  NOT THERE  " + Escaped.line(failure) + "\n");
      }
      out.write("\n");
    }
    out.write(sum().line(answers.size()) + "\n");
    images.writeText(out);
  }

  /** Writes an object with an array of agents, their sum, and the images. */
  public void writeJson(Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeArrayFieldStart("agents");
      for (Answer<AgentStatus> answer : answers) {
        json.writeStartObject();
        json.writeStringField("address", answer.agent().endpoint());
        json.writeBooleanField("reachable", answer.value().isPresent());
        if (answer.value().isPresent()) {
          write(answer.value().get(), json);
        } else {
          json.writeStringField("error", answer.failure().map(Throwable::getMessage).orElse(""));
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      sum().write(json);
      images.writeJson(json);
      json.writeEndObject();
    }
    out.write("\n");
  }

  private static void write(AgentStatus status, Optional<Rate> rate, Writer out)
      throws IOException {
    Table table = new Table(Align.LEFT, Align.LEFT);
    table.row("up", uptime(status.uptime()));
    table.row(
        "memory",
        memory(status.used(), status.capacity())
            + (status.hugePages() ? " in huge pages" : "")
            + ", fragmentation "
            + percent(status.fragmentation()));
    table.row(
        "contents",
        Quantity.count(status.contents())
            + "; came "
            + Quantity.count(status.stored())
            + ", evicted "
            + Quantity.count(status.evicted() + status.crowdedOut())
            + ", no room for "
            + Quantity.count(status.refused())
            + ", not admitted "
            + Quantity.count(status.unadmitted())
            + ", wrong "
            + Quantity.count(status.wrong()));
    table.row("reads", reads(status.hits(), status.hitBytes(), status.misses()));
    rate.ifPresent(now -> table.row("", now.line()));
    table.row(
        "clients",
        Quantity.count(status.sessions(), "session")
            + " over "
            + Escaped.line(String.join(", ", status.transports()))
            + "; "
            + ByteSize.format(status.staging())
            + " for writing");
    table.row("policy", Escaped.line(status.policy()));
    for (String line : table.lines()) {
      out.write("  " + line + "\n");
    }
  }

  private static void write(AgentStatus status, JsonGenerator json) throws IOException {
    json.writeStringField("id", status.id());
    json.writeNumberField("uptimeSeconds", status.uptime().toMillis() / 1000.0);
    json.writeStringField("policy", status.policy());
    json.writeArrayFieldStart("transports");
    for (String transport : status.transports()) {
      json.writeString(transport);
    }
    json.writeEndArray();
    json.writeNumberField("capacity", status.capacity());
    json.writeNumberField("used", status.used());
    json.writeNumberField("largestFree", status.largestFree());
    json.writeNumberField("fragmentation", status.fragmentation());
    json.writeBooleanField("hugePages", status.hugePages());
    json.writeNumberField("contents", status.contents());
    json.writeNumberField("sessions", status.sessions());
    json.writeNumberField("staging", status.staging());
    writeReads(status.hits(), status.hitBytes(), status.misses(), json);
    json.writeNumberField("stored", status.stored());
    json.writeNumberField("wrong", status.wrong());
    json.writeNumberField("evicted", status.evicted());
    json.writeNumberField("refused", status.refused());
    json.writeNumberField("crowdedOut", status.crowdedOut());
    json.writeNumberField("unadmitted", status.unadmitted());
  }

  /** No ratio where nobody has read: it is not known. */
  private static void writeReads(long hits, long bytes, long misses, JsonGenerator json)
      throws IOException {
    json.writeNumberField("hits", hits);
    json.writeNumberField("hitBytes", bytes);
    json.writeNumberField("misses", misses);
    if (hits + misses > 0) {
      json.writeNumberField("hitRatio", (double) hits / (hits + misses));
    } else {
      json.writeNullField("hitRatio");
    }
  }

  private static String reads(long hits, long bytes, long misses) {
    if (hits + misses == 0) {
      return "none that clients told of";
    }
    return "%s hits (%s), %s: %s hits"
        .formatted(
            Quantity.count(hits),
            Quantity.bytes(bytes),
            misses == 1 ? "1 miss" : Quantity.count(misses) + " misses",
            percent((double) hits / (hits + misses)));
  }

  private static String memory(long used, long capacity) {
    return "%s of %s (%s)"
        .formatted(
            ByteSize.format(used), ByteSize.format(capacity), Quantity.percent(used, capacity));
  }

  /** Rounded down: 100 % is all. */
  private static String percent(double part) {
    return String.format(Locale.ROOT, "%.1f %%", Math.floor(part * 1000) / 10);
  }

  private static String uptime(Duration uptime) {
    if (uptime.toDays() > 0) {
      return Quantity.count(uptime.toDays(), "day") + " " + uptime.toHoursPart() + " h";
    }
    return Quantity.seconds(uptime);
  }

  private Optional<Rate> rate(AgentAddress agent, AgentStatus now, long when) {
    return answers.stream()
        .filter(answer -> answer.agent().equals(agent))
        .flatMap(answer -> answer.value().stream())
        // another life of the agent counts from 0
        .filter(then -> then.uptime().compareTo(now.uptime()) <= 0 && when > at)
        .map(
            then ->
                new Rate(
                    (when - at) / 1e9, now.hits() - then.hits(), now.hitBytes() - then.hitBytes()))
        .findFirst();
  }

  /** What was read in so many seconds. */
  private record Rate(double seconds, long hits, long bytes) {
    String line() {
      return "%s hits/s, %s/s"
          .formatted(
              Quantity.count(Math.round(hits / seconds)),
              Quantity.bytes(Math.round(bytes / seconds)));
    }
  }

  private Sum sum() {
    Sum sum = new Sum(0, 0, 0, 0, 0, 0, 0);
    for (Answer<AgentStatus> answer : answers) {
      if (answer.value().isPresent()) {
        sum = sum.plus(answer.value().get());
      }
    }
    return sum;
  }

  /** All agents that answered, together. */
  private record Sum(
      int agents, long used, long capacity, long contents, long hits, long bytes, long misses) {

    Sum plus(AgentStatus status) {
      return new Sum(
          agents + 1,
          used + status.used(),
          capacity + status.capacity(),
          contents + status.contents(),
          hits + status.hits(),
          bytes + status.hitBytes(),
          misses + status.misses());
    }

    String line(int asked) {
      String there =
          agents == asked
              ? Quantity.count(asked, "agent")
              : agents + " of " + Quantity.count(asked, "agent");
      if (agents == 0) {
        return there;
      }
      return "%s: %s, %s, %s"
          .formatted(
              there,
              memory(used, capacity),
              Quantity.count(contents, "content"),
              hits + misses == 0
                  ? "no reads yet"
                  : percent((double) hits / (hits + misses)) + " hits");
    }

    void write(JsonGenerator json) throws IOException {
      json.writeObjectFieldStart("sum");
      json.writeNumberField("reachable", agents);
      json.writeNumberField("capacity", capacity);
      json.writeNumberField("used", used);
      json.writeNumberField("contents", contents);
      writeReads(hits, bytes, misses, json);
      json.writeEndObject();
    }
  }
}
