package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Logs failed reads, each distinct one at once, and then once a minute with the number of repeats:
 * a program that reads again and again must not fill the log. To find the names of a file takes
 * time and memory, so that is done for one failure at a time, on a thread of its own; of those that
 * find {@link #MAX_QUEUED} others before them only the number is logged. Bounded; safe for use by
 * several threads. After Agrona's DistinctErrorLog.
 */
final class FailureLog implements AutoCloseable {

  /** So many failures may wait for their names. */
  static final int MAX_QUEUED = 64;

  private static final int MAX_DISTINCT = 1024;
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(2);
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

  private final ThreadPoolExecutor thread;

  /** Failures that found the queue full since the last line. */
  private final AtomicLong dropped = new AtomicLong();

  /** Whether there is no time left to find names. */
  private volatile boolean closing;

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
    thread =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(MAX_QUEUED),
            Thread.ofPlatform().daemon().name("failure-log").factory());
    thread.allowCoreThreadTimeOut(true);
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
    try {
      thread.execute(() -> write(event, digest, cause, repeats));
    } catch (RejectedExecutionException e) {
      dropped.incrementAndGet();
    }
  }

  /** Logs what is queued, without names if they take too long, and ends. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        closing = true;
        boolean unused = thread.awaitTermination(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    logDropped();
  }

  private void write(String event, Optional<Digest> digest, String cause, long repeats) {
    log.error(
        "event={} {} digest={} repeated={} cause=\"{}\"",
        event,
        digest.map(this::describe).orElse(""),
        digest.map(Digest::toString).orElse(""),
        repeats,
        cause);
    if (thread.getQueue().isEmpty()) {
      logDropped();
    }
  }

  private String describe(Digest digest) {
    if (closing) {
      return "";
    }
    try {
      return names.describe(digest);
    } catch (RuntimeException | OutOfMemoryError e) {
      log.warn("event=names-unknown digest={} cause=\"{}\"", digest, e.toString());
      return "";
    }
  }

  private void logDropped() {
    long count = dropped.getAndSet(0);
    if (count > 0) {
      log.error("event=failures-not-described count={}", count);
    }
  }
}
