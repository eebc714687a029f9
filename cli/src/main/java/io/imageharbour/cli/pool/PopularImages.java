package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.pool.client.PoolImages;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The images that are started most, as the leading agent found them.
 *
 * @param etcd whether some agent has etcd, so that some agent should lead
 * @param leader the id of the agent that leads, as far as any agent knows
 * @param found what it found; empty if it did not answer, or nobody leads
 * @param replicas agents that keep each content
 */
public record PopularImages(
    boolean etcd, Optional<String> leader, Optional<PoolImages.Found> found, int replicas) {

  /** The images that are shown. */
  private static final int TOP = 10;

  /** What agents answered: the leader's word counts. */
  public static PopularImages of(List<Answer<PoolImages>> answers, int replicas) {
    List<PoolImages> all = answers.stream().flatMap(answer -> answer.value().stream()).toList();
    Optional<PoolImages> leading = all.stream().filter(one -> one.found().isPresent()).findFirst();
    return new PopularImages(
        all.stream().anyMatch(PoolImages::etcd),
        leading
            .or(() -> all.stream().filter(one -> one.leader().isPresent()).findFirst())
            .flatMap(PoolImages::leader),
        leading.flatMap(PoolImages::found),
        replicas);
  }

  /** Writes who leads and a table; nothing where there is no etcd. */
  void writeText(Writer out) throws IOException {
    if (leader.isEmpty()) {
      if (etcd) {
        out.write("\nno agent leads: the agents elect one, or do not reach etcd\n");
      }
      return;
    }
    out.write("\nleader: " + Escaped.line(leader.get()));
    if (found.isEmpty()) {
      out.write(", from which no word of images came yet\n");
      return;
    }
    PoolImages.Found now = found.get();
    out.write(
        "; %s, %s admitted\n"
            .formatted(Quantity.count(now.known(), "image"), Quantity.count(now.admitted())));
    if (now.images().isEmpty()) {
      return;
    }
    Table table =
        new Table(
            Align.LEFT, Align.RIGHT, Align.RIGHT, Align.RIGHT, Align.LEFT, Align.RIGHT, Align.LEFT);
    table.row("IMAGE", "SIZE", "STARTS", "MISSED", "ADMITTED", "THERE", "WHERE");
    for (PoolImages.Image image : top(now)) {
      table.row(
          Escaped.line(image.name()),
          image.size() == 0 ? "-" : Quantity.bytes(image.size()),
          String.format(Locale.ROOT, "%.1f", image.frequency()),
          String.format(Locale.ROOT, "%.1f", image.missed()),
          image.admitted() ? "yes" : "no",
          there(image).map(part -> Quantity.percent(Math.round(part * 1000), 1000)).orElse("-"),
          where(image));
    }
    for (String line : table.lines()) {
      out.write(line + "\n");
    }
    out.write(
        "starts and misses count half after "
            + Quantity.count(now.halfLife().toHours(), "hour")
            + "\n");
  }

  /** Writes fields of an object that has been begun. */
  void writeJson(JsonGenerator json) throws IOException {
    if (leader.isPresent()) {
      json.writeStringField("leader", leader.get());
    } else {
      json.writeNullField("leader");
    }
    json.writeArrayFieldStart("images");
    for (PoolImages.Image image : found.map(PopularImages::top).orElse(List.of())) {
      json.writeStartObject();
      json.writeStringField("image", image.id().toString());
      json.writeStringField("name", image.name());
      json.writeNumberField("size", image.size());
      json.writeNumberField("files", image.files());
      json.writeNumberField("starts", image.frequency());
      json.writeNumberField("missed", image.missed());
      json.writeBooleanField("admitted", image.admitted());
      Optional<Double> there = there(image);
      if (there.isPresent()) {
        json.writeNumberField("there", there.get());
      } else {
        json.writeNullField("there");
      }
      json.writeObjectFieldStart("agents");
      for (Map.Entry<String, Long> agent : image.agents().entrySet()) {
        json.writeNumberField(agent.getKey(), agent.getValue());
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static List<PoolImages.Image> top(PoolImages.Found found) {
    return found.images().stream().limit(TOP).toList();
  }

  /** What part of the image the pool has, 0 to 1; empty if nobody has looked. */
  private Optional<Double> there(PoolImages.Image image) {
    if (image.size() == 0 || image.agents().isEmpty()) {
      return Optional.empty();
    }
    double bytes = image.agents().values().stream().mapToDouble(Long::doubleValue).sum();
    int copies = Math.min(replicas, image.agents().size());
    return Optional.of(Math.min(1, bytes / copies / image.size()));
  }

  private static String where(PoolImages.Image image) {
    return image.agents().entrySet().stream()
        .filter(agent -> agent.getValue() > 0)
        .map(agent -> Escaped.line(agent.getKey()) + " " + Quantity.bytes(agent.getValue()))
        .collect(Collectors.joining(", "));
  }
}
