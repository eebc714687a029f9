package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Logs failed reads, each distinct one at once, and then once a minute with the number of repeats:
 * a program that reads again and again must not fill the log. Bounded; safe for use by several
 * threads. After Agrona's DistinctErrorLog.
 */
final class FailureLog {

  private static final int MAX_DISTINCT = 1024;
  private static final long INTERVAL_NANOS = Duration.ofMinutes(1).toNanos();

  private final ContentNames names;
  private final Logger log;
  private final LongSupplier clock;
  private final Map<Failure, Repeats> failures =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Failure, Repeats> eldest) {
          return size() > MAX_DISTINCT;
        }
      };

  private record Failure(Optional<Digest> digest, String cause) {}

  private static final class Repeats {
    private long lastLogged;
    private long since;
  }

  /** Logs to {@code log}; {@code clock} is {@link System#nanoTime} or the like. */
  FailureLog(ContentNames names, Logger log, LongSupplier clock) {
    this.names = names;
    this.log = log;
    this.clock = clock;
  }

  /**
   * Notes that {@code event} happened to a content, if it is known which, because of {@code cause}.
   */
  void failed(String event, Optional<Digest> digest, String cause) {
    long now = clock.getAsLong();
    long repeats;
    synchronized (failures) {
      Failure failure = new Failure(digest, cause);
      Repeats known = failures.get(failure);
      if (known == null) {
        known = new Repeats();
        failures.put(failure, known);
      } else if (now - known.lastLogged < INTERVAL_NANOS) {
        known.since++;
        return;
      }
      repeats = known.since;
      known.since = 0;
      known.lastLogged = now;
    }
    // outside the lock: to find the names may take a while
    log.error(
        "event={} {} digest={} repeated={} cause=\"{}\"",
        event,
        digest.map(names::describe).orElse(""),
        digest.map(Digest::toString).orElse(""),
        repeats,
        cause);
  }
}
