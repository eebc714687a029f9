package io.imageharbour.testbed.bench.pool;

import java.io.IOException;

/** Brings bytes from where they are without the pool, as plainly as it can be done. */
interface Baseline extends AutoCloseable {

  /** Whether it is as fast the first time as later. */
  default boolean isCompiled() {
    return false;
  }

  /**
   * Brings bytes many times.
   *
   * @param contents have the size that is wanted, and lie in so much memory
   * @param inFlight how many are on their way at once
   */
  ReadFigures measure(Contents contents, int inFlight) throws IOException, InterruptedException;

  @Override
  void close() throws IOException, InterruptedException;
}
