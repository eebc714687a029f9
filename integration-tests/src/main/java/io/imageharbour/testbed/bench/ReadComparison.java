package io.imageharbour.testbed.bench;

/**
 * Reads of one size out of the pool's memory, beside the same bytes brought in a plainer way.
 *
 * @param how they are read
 * @param size of one in bytes
 * @param beside what Harbour is compared with
 * @param baseline the figures of that
 */
public record ReadComparison(
    String benchmark, String how, int size, String beside, Reads baseline, Reads harbour)
    implements Result {

  /**
   * One side's figures, a value for each time that they were taken.
   *
   * @param median seconds that a read took, as is the next
   * @param p99 the 99th percentile
   * @param bandwidth bytes in a second
   */
  public record Reads(Samples median, Samples p99, Samples bandwidth) {
    Reads() {
      this(new Samples(), new Samples(), new Samples());
    }
  }
}
