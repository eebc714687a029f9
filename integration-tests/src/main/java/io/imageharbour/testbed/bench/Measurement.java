package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.Quantity;

/**
 * A figure taken several times, for each of the two that are compared or for one of them.
 *
 * @param benchmark what it belongs to
 * @param name what was measured
 * @param beside what Harbour is compared with
 * @param baseline the figures of that
 */
public record Measurement(
    String benchmark,
    String name,
    Quantity quantity,
    String beside,
    Samples baseline,
    Samples harbour)
    implements Result {

  /** Harbour beside overlayfs. */
  static Measurement of(String benchmark, String name, Quantity quantity) {
    return beside("overlayfs", benchmark, name, quantity);
  }

  static Measurement beside(String other, String benchmark, String name, Quantity quantity) {
    return new Measurement(benchmark, name, quantity, other, new Samples(), new Samples());
  }

  /** Another figure beside the same values of the other side. */
  Measurement against(String figure) {
    return new Measurement(benchmark, figure, quantity, beside, baseline, new Samples());
  }
}
