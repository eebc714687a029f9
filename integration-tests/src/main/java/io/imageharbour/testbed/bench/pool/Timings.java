package io.imageharbour.testbed.bench.pool;

import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.util.Arrays;

/** Takes down how long each of a known number of reads took, without allocating. */
final class Timings {

  private final long[] nanos;
  private int count;

  Timings(int reads) {
    nanos = new long[reads];
  }

  /** How many are to be taken. */
  int capacity() {
    return nanos.length;
  }

  void add(long time) {
    nanos[count++] = time;
  }

  /**
   * What they come to.
   *
   * @param elapsed nanoseconds that all of them took together
   */
  ReadFigures figures(Kind kind, int size, int inFlight, long elapsed) {
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return new ReadFigures(
        kind,
        size,
        inFlight,
        sorted[count / 2] / 1e9,
        sorted[(int) (count * 99L / 100)] / 1e9,
        (double) size * count / elapsed * 1e9);
  }
}
