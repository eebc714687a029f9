package io.imageharbour.testbed.bench;

/** What a benchmark came to, or a part of it. */
public sealed interface Result permits Measurement, ReadComparison, Goal {

  /** The name of the benchmark. */
  String benchmark();
}
