package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.bench.Benchmarks;
import io.imageharbour.testbed.bench.Measurement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code ./dev bench}: measures Harbour beside overlayfs on this machine. */
public final class Bench {

  private static final Path DIRECTORY = Path.of("/var/lib/harbour-bench");
  private static final int DEFAULT_RUNS = 5;
  private static final String USAGE =
      """
      usage: ./dev bench [--runs N] [--json] [NAME...]

      Measures Harbour beside overlayfs and prints medians. NAME is one of these, all by default:

      %s
        --runs N  measure each figure N times (default: %d)
        --json    print every value taken, as JSON
      """
          .formatted(Benchmarks.list(), DEFAULT_RUNS);

  private Bench() {}

  public static void main(String[] arguments) throws InterruptedException {
    List<String> names = new ArrayList<>();
    int runs = DEFAULT_RUNS;
    boolean json = false;
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("--json")) {
        json = true;
      } else if (arguments[i].equals("--runs")
          && i + 1 < arguments.length
          && arguments[i + 1].matches("[1-9]\\d{0,2}")) {
        runs = Integer.parseInt(arguments[++i]);
      } else if (Benchmarks.exists(arguments[i])) {
        names.add(arguments[i]);
      } else {
        System.err.print(USAGE);
        System.exit(64);
      }
    }
    try {
      print(measure(names, runs), json);
    } catch (IOException e) {
      System.err.println(
          "./dev bench: " + (e instanceof HarbourException ? e.getMessage() : e.toString()));
      System.exit(1);
    }
  }

  private static List<Measurement> measure(List<String> names, int runs)
      throws IOException, InterruptedException {
    HarbourTree tree = HarbourTree.locate();
    try (Workspace workspace = Workspace.create(DIRECTORY)) {
      // To the other stream: what is printed at the end is all that a script reads.
      return Benchmarks.run(
          workspace, tree, names, runs, line -> System.err.println("==> " + line));
    }
  }

  private static void print(List<Measurement> measurements, boolean json) throws IOException {
    if (json) {
      System.out.println(json(measurements));
    } else {
      text(measurements).forEach(System.out::println);
    }
  }

  private static List<String> text(List<Measurement> measurements) {
    TextTable table = new TextTable().row("medians", "overlayfs", "harbour", "ratio");
    String benchmark = "";
    for (Measurement measurement : measurements) {
      if (!measurement.benchmark().equals(benchmark)) {
        benchmark = measurement.benchmark();
        table.row("").row(benchmark + ": " + Benchmarks.title(benchmark));
      }
      table.row(
          "  " + measurement.name(),
          cell(measurement.quantity(), measurement.overlayfs()),
          cell(measurement.quantity(), measurement.harbour()),
          ratio(measurement));
    }
    return table.lines();
  }

  private static String cell(Quantity quantity, Measurement.Samples samples) {
    return samples.isEmpty() ? "" : quantity.show(samples.median());
  }

  private static String ratio(Measurement measurement) {
    return measurement.overlayfs().isEmpty() || measurement.harbour().isEmpty()
        ? ""
        : String.format(
            Locale.ROOT, "%.3f", measurement.harbour().median() / measurement.overlayfs().median());
  }

  private static String json(List<Measurement> measurements) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ArrayNode list = mapper.createArrayNode();
    for (Measurement measurement : measurements) {
      ObjectNode node = list.addObject();
      node.put("benchmark", measurement.benchmark());
      node.put("measurement", measurement.name());
      node.put("unit", measurement.quantity().unit());
      put(node, "overlayfs", measurement.overlayfs());
      put(node, "harbour", measurement.harbour());
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(list);
  }

  private static void put(ObjectNode node, String side, Measurement.Samples samples) {
    if (!samples.isEmpty()) {
      ObjectNode values = node.putObject(side);
      values.put("median", samples.median());
      values.put("minimum", samples.minimum());
      values.put("maximum", samples.maximum());
      samples.values().forEach(values.withArrayProperty("values")::add);
    }
  }
}
