package io.imageharbour.pool.client;

import java.time.Duration;

/**
 * Whether it is worth waiting for an agent: not after a read for which somebody waited in vain
 * while nothing else came from the agent either, until something comes again. Safe for use by many
 * threads.
 */
final class Doubts {

  private volatile long lastAnswer = System.nanoTime();
  private volatile long since;
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
    if (!hasAnsweredSince(begin)) {
      since = System.nanoTime();
      doubted = true;
      if (hasAnsweredSince(begin)) {
        // in between
        doubted = false;
      }
    }
    return doubted;
  }

  /** Whether somebody is to find out now if the agent answers. */
  boolean isDoubted() {
    return doubted;
  }

  /** The same, but after so long whoever reads may find out as well. */
  boolean isDoubted(Duration most) {
    return doubted && System.nanoTime() - since < most.toNanos();
  }

  private boolean hasAnsweredSince(long begin) {
    return lastAnswer - begin >= 0;
  }
}
