package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.Admission;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * Keeps contents of images that few use out of an agent that is nearly full. What was decided last
 * stays in force, however long ago that was; until something was decided everything is taken. Safe
 * for use by several threads.
 */
final class AdmissionGate {

  /** An agent with a smaller part of its memory in use takes everything. */
  static final double FULL = 0.9;

  private final LongAdder refused = new LongAdder();
  private volatile Optional<Admission> decided = Optional.empty();

  /** Has this hold from now on. */
  void follow(Admission admission) {
    decided = Optional.of(admission);
  }

  Optional<Admission> decided() {
    return decided;
  }

  /**
   * Whether a content is taken.
   *
   * @param image that it was read for; empty if that is not known, and then it is taken
   * @param used bytes of the agent's memory
   * @param capacity the bytes that it lends
   */
  boolean admits(Optional<Digest> image, long used, long capacity) {
    Optional<Admission> now = decided;
    if (image.isEmpty()
        || now.isEmpty()
        || used < FULL * capacity
        || now.get().images().contains(image.get())) {
      return true;
    }
    refused.increment();
    return false;
  }

  /** Contents that were not taken. */
  long refused() {
    return refused.sum();
  }
}
