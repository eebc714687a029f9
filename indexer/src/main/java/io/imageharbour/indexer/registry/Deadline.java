package io.imageharbour.indexer.registry;

import java.time.Duration;

/**
 * The moment after which something is not tried any more.
 *
 * @param nanoTime in the terms of {@link System#nanoTime()}
 */
record Deadline(long nanoTime) {

  static Deadline in(Duration duration) {
    return new Deadline(System.nanoTime() + duration.toNanos());
  }

  /** What is left until then, negative when it has passed. */
  Duration remaining() {
    return Duration.ofNanos(nanoTime - System.nanoTime());
  }

  boolean passed() {
    return nanoTime - System.nanoTime() <= 0;
  }

  /** The earlier of this and {@code duration} from now. */
  Deadline atMost(Duration duration) {
    Deadline other = in(duration);
    return other.nanoTime - nanoTime < 0 ? other : this;
  }
}
