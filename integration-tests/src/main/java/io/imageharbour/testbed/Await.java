package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.time.Duration;

/** Waiting for a condition by asking again and again until a deadline. */
public final class Await {

  private static final long POLL_MILLIS = 5;

  private Await() {}

  /** A condition that may also fail for good. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  /**
   * Returns as soon as the condition holds.
   *
   * @param what what is waited for, as it reads after "waited 5 s for"
   * @throws HarbourException when the condition does not hold before the limit
   */
  public static void until(String what, Duration limit, Condition condition)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > deadline) {
        throw new HarbourException("waited " + limit.toSeconds() + " s for " + what + " in vain");
      }
      Thread.sleep(POLL_MILLIS);
    }
  }
}
