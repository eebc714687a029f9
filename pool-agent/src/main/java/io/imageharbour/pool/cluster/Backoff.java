package io.imageharbour.pool.cluster;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before the next try: twice as long after every failure, up to a limit, and never
 * the same for two of a thousand that failed together. For one thread.
 */
public final class Backoff {

  private static final long FIRST_NANOS = Duration.ofMillis(100).toNanos();

  private final long mostNanos;
  private long nanos = FIRST_NANOS;

  /** Begins with a tenth of a second. */
  public Backoff(Duration most) {
    mostNanos = most.toNanos();
  }

  /** Between half of the wait that is due and all of it, in nanoseconds. */
  public long next() {
    long due = Math.min(nanos, mostNanos);
    nanos = Math.min(2 * nanos, mostNanos);
    return due / 2 + ThreadLocalRandom.current().nextLong(due / 2 + 1);
  }

  /** It worked: the next failure is the first one again. */
  public void reset() {
    nanos = FIRST_NANOS;
  }
}
