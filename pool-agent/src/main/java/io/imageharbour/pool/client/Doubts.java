package io.imageharbour.pool.client;

/**
 * Whether it is worth waiting for an agent: not after a read for which somebody waited in vain
 * while nothing else came from the agent either, until something comes again. Safe for use by many
 * threads.
 */
final class Doubts {

  private volatile long lastAnswer = System.nanoTime();
  private volatile boolean doubted;

  /** Something came from the agent. */
  void answered() {
    lastAnswer = System.nanoTime();
    doubted = false;
  }

  /**
   * A read ran out of time.
   *
   * @param begin of the read, as {@link System#nanoTime} has it
   * @return whether the agent is doubted now
   */
  boolean ranOut(long begin) {
    if (lastAnswer - begin < 0) {
      doubted = true;
    }
    return doubted;
  }

  boolean isDoubted() {
    return doubted;
  }
}
