package io.imageharbour.testbed.bench;

import java.io.IOException;
import java.util.List;

/** Something to measure, named on the command line. */
interface Benchmark {

  /** One word. */
  String name();

  /** What it measures, in half a sentence. */
  String title();

  /** Measures that many times each. */
  List<? extends Result> run(BenchmarkImages images, int runs)
      throws IOException, InterruptedException;
}
