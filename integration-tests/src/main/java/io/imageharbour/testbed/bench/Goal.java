package io.imageharbour.testbed.bench;

import java.util.Locale;

/**
 * Whether something is as good as it is meant to be.
 *
 * @param what it is, in half a sentence
 * @param value that was measured
 * @param limit that it is to stay within, such as {@code at most 1.3}
 */
public record Goal(String benchmark, String what, String value, String limit, boolean reached)
    implements Result {

  /** That a ratio is small enough. */
  static Goal atMost(String benchmark, String what, double ratio, double limit) {
    return new Goal(benchmark, what, show(ratio), "at most " + limit, ratio <= limit);
  }

  /** That a ratio is large enough. */
  static Goal atLeast(String benchmark, String what, double ratio, double limit) {
    return new Goal(benchmark, what, show(ratio), "at least " + limit, ratio >= limit);
  }

  private static String show(double ratio) {
    return String.format(Locale.ROOT, "%.2f", ratio);
  }
}
