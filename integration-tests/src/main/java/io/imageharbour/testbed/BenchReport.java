package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.testbed.bench.Benchmarks;
import io.imageharbour.testbed.bench.Goal;
import io.imageharbour.testbed.bench.Measurement;
import io.imageharbour.testbed.bench.ReadComparison;
import io.imageharbour.testbed.bench.Result;
import io.imageharbour.testbed.bench.Samples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What benchmarks came to, for people and for programs. */
final class BenchReport {

  private static final List<String> UNITS = List.of("B", "KiB", "MiB");

  private BenchReport() {}

  /** Tables of medians. */
  static List<String> text(List<Result> results) {
    List<String> lines = new ArrayList<>();
    TextTable table = new TextTable();
    String benchmark = "";
    String columns = "";
    for (Result result : results) {
      if (!result.benchmark().equals(benchmark) || !columns(result).equals(columns)) {
        lines.addAll(table.lines());
        table = new TextTable();
        if (!lines.isEmpty()) {
          lines.add("");
        }
      }
      if (!result.benchmark().equals(benchmark)) {
        benchmark = result.benchmark();
        columns = "";
        lines.add(benchmark + ": " + Benchmarks.title(benchmark));
      }
      if (!columns(result).equals(columns)) {
        columns = columns(result);
        table.row(columns.split("\t"));
      }
      table.row(cells(result));
    }
    lines.addAll(table.lines());
    return lines;
  }

  private static String columns(Result result) {
    return switch (result) {
      case Measurement figure -> "  medians\t" + figure.beside() + "\tharbour\tratio";
      case ReadComparison reads ->
          "  %s\t%s\tp99\tbandwidth\tharbour\tp99\tbandwidth\tratio\tp99\tbandwidth"
              .formatted(reads.how(), reads.beside());
      case Goal goal -> "  goals\tmeasured\tgoal\t";
    };
  }

  private static String[] cells(Result result) {
    return switch (result) {
      case Measurement figure ->
          new String[] {
            "  " + figure.name(),
            show(figure.quantity(), figure.baseline()),
            show(figure.quantity(), figure.harbour()),
            ratio(figure.baseline(), figure.harbour())
          };
      case ReadComparison reads ->
          new String[] {
            "  " + size(reads.size()),
            show(Quantity.LATENCY, reads.baseline().median()),
            show(Quantity.LATENCY, reads.baseline().p99()),
            show(Quantity.BANDWIDTH, reads.baseline().bandwidth()),
            show(Quantity.LATENCY, reads.harbour().median()),
            show(Quantity.LATENCY, reads.harbour().p99()),
            show(Quantity.BANDWIDTH, reads.harbour().bandwidth()),
            ratio(reads.baseline().median(), reads.harbour().median()),
            ratio(reads.baseline().p99(), reads.harbour().p99()),
            ratio(reads.baseline().bandwidth(), reads.harbour().bandwidth())
          };
      case Goal goal ->
          new String[] {
            "  " + goal.what(), goal.value(), goal.limit(), goal.reached() ? "reached" : "missed"
          };
    };
  }

  private static String show(Quantity quantity, Samples samples) {
    return samples.isEmpty() ? "" : quantity.show(samples.median());
  }

  private static String ratio(Samples baseline, Samples harbour) {
    return baseline.isEmpty() || harbour.isEmpty()
        ? ""
        : String.format(Locale.ROOT, "%.3f", harbour.ratioTo(baseline));
  }

  /** A power of two, or some bytes. */
  private static String size(int bytes) {
    int unit = 0;
    int value = bytes;
    while (value >= 1024) {
      value /= 1024;
      unit++;
    }
    return value + " " + UNITS.get(unit);
  }

  /** Every value taken. */
  static String json(List<Result> results) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ArrayNode list = mapper.createArrayNode();
    for (Result result : results) {
      ObjectNode node = list.addObject();
      node.put("benchmark", result.benchmark());
      switch (result) {
        case Measurement figure -> {
          node.put("measurement", figure.name());
          node.put("unit", figure.quantity().unit());
          put(node, figure.beside(), figure.baseline());
          put(node, "harbour", figure.harbour());
        }
        case ReadComparison reads -> {
          node.put("reads", reads.how());
          node.put("size", reads.size());
          put(node, reads.beside(), reads.baseline());
          put(node, "harbour", reads.harbour());
        }
        case Goal goal -> {
          node.put("goal", goal.what());
          node.put("measured", goal.value());
          node.put("limit", goal.limit());
          node.put("reached", goal.reached());
        }
      }
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(list);
  }

  private static void put(ObjectNode node, String side, ReadComparison.Reads reads) {
    ObjectNode figures = node.putObject(side);
    put(figures, "median seconds", reads.median());
    put(figures, "p99 seconds", reads.p99());
    put(figures, "bytes a second", reads.bandwidth());
  }

  private static void put(ObjectNode node, String side, Samples samples) {
    if (!samples.isEmpty()) {
      ObjectNode values = node.putObject(side);
      values.put("median", samples.median());
      values.put("minimum", samples.minimum());
      values.put("maximum", samples.maximum());
      samples.values().forEach(values.withArrayProperty("values")::add);
    }
  }
}
