package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Rate;
import io.imageharbour.testbed.Workspace;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** All benchmarks, and running some of them. */
public final class Benchmarks {

  private static final List<Benchmark> ALL =
      List.of(
          new ColdStarts(
              "loopback",
              "cold start of Python with numpy, registry on loopback",
              Optional.empty()),
          new ColdStarts(
              "1gbit",
              "cold start of Python with numpy, registry at 1 Gbit/s",
              Optional.of(Rate.GIGABIT)),
          new ColdStarts(
              "100mbit",
              "cold start of Python with numpy, registry at 100 Mbit/s",
              Optional.of(Rate.FAST_ETHERNET)),
          new WarmFiles("files", "files that are all there already"),
          new Conversions("convert", "conversion of the Python image"),
          new Pulls("many", "pull of an image with 100,000 files"),
          new Pool("pool", "the memory pool: reads, and a cold start out of it"));

  private Benchmarks() {}

  /** The names, one and what it measures a line. */
  public static String list() {
    return ALL.stream()
        .map(benchmark -> "  %-9s %s%n".formatted(benchmark.name(), benchmark.title()))
        .collect(Collectors.joining());
  }

  public static boolean exists(String name) {
    return ALL.stream().anyMatch(benchmark -> benchmark.name().equals(name));
  }

  /** What a benchmark measures. */
  public static String title(String name) {
    return ALL.stream()
        .filter(benchmark -> benchmark.name().equals(name))
        .map(Benchmark::title)
        .findFirst()
        .orElseThrow();
  }

  /**
   * Runs benchmarks in their order.
   *
   * @param names which; none for all
   * @param progress told what is measured now
   */
  public static List<Result> run(
      Workspace workspace,
      HarbourTree tree,
      List<String> names,
      int runs,
      Consumer<String> progress)
      throws IOException, InterruptedException {
    BenchmarkImages images = BenchmarkImages.open(workspace, tree, TestImages.cached(progress));
    List<Result> results = new ArrayList<>();
    for (Benchmark benchmark : ALL) {
      if (names.isEmpty() || names.contains(benchmark.name())) {
        progress.accept("measuring " + benchmark.name() + ": " + benchmark.title());
        results.addAll(benchmark.run(images, runs));
      }
    }
    return results;
  }
}
