package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.testbed.bench.Benchmarks;
import io.imageharbour.testbed.bench.Result;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code ./dev bench}: measures Harbour on this machine, beside overlayfs and others. */
public final class Bench {

  private static final Path DIRECTORY = Path.of("/var/lib/harbour-bench");
  private static final int DEFAULT_RUNS = 5;
  private static final String USAGE =
      """
      usage: ./dev bench [--runs N] [--json] [NAME...]

      Measures Harbour beside overlayfs, and its pool beside memcpy and the like. Prints medians. NAME is one of these, all by default:

      %s
        --runs N  measure each figure N times (default: %d)
        --json    print every value taken, as JSON
      """
          .formatted(Benchmarks.list(), DEFAULT_RUNS);

  private Bench() {}

  public static void main(String[] arguments) throws InterruptedException {
    ProcessLog.begin();
    ProcessLog.setLevel("warn");
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

  private static List<Result> measure(List<String> names, int runs)
      throws IOException, InterruptedException {
    HarbourTree tree = HarbourTree.locate();
    try (Workspace workspace = Workspace.create(DIRECTORY)) {
      // To the other stream: what is printed at the end is all that a script reads.
      return Benchmarks.run(
          workspace, tree, names, runs, line -> System.err.println("==> " + line));
    }
  }

  private static void print(List<Result> results, boolean json) throws IOException {
    if (json) {
      System.out.println(BenchReport.json(results));
    } else {
      BenchReport.text(results).forEach(System.out::println);
    }
  }
}
