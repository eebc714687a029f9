package io.imageharbour.indexer.registry;

import java.time.Duration;

/**
 * A token and how long it is good for.
 *
 * @param value never printed
 * @param lifetime counted from {@code requested}
 * @param requested {@link System#nanoTime()} before the token server was asked
 */
record BearerToken(String value, Duration lifetime, long requested) {

  private static final Duration MAX_MARGIN = Duration.ofSeconds(30);

  /** Whether it will still be good when a request that is sent now arrives. */
  boolean isFresh() {
    Duration quarter = lifetime.dividedBy(4);
    Duration margin = quarter.compareTo(MAX_MARGIN) < 0 ? quarter : MAX_MARGIN;
    Duration age = Duration.ofNanos(System.nanoTime() - requested);
    return age.compareTo(lifetime.minus(margin)) < 0;
  }

  @Override
  public String toString() {
    return "BearerToken[…]";
  }
}
