package io.imageharbour.fusefs.mount;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who uses something that must not be closed under them; the last one closes it. Whoever
 * made it is the first. Safe for use by several threads.
 */
final class UseCount {

  private final AtomicInteger uses = new AtomicInteger(1);

  /** Whether it may be used, until {@link #end}; not if the last use has ended. */
  boolean begin() {
    return uses.getAndUpdate(count -> count == 0 ? 0 : count + 1) > 0;
  }

  /** Ends a use; whether it was the last, so that the caller has to close. */
  boolean end() {
    return uses.decrementAndGet() == 0;
  }
}
