package io.imageharbour.fusefs.fetch;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Interrupts a thread that takes too long for something. Safe for use by several threads. */
final class Deadlines implements AutoCloseable {

  private final ScheduledThreadPoolExecutor clock =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("fetch-deadlines").factory());

  Deadlines() {
    // nearly all are cancelled, and long before their time
    clock.setRemoveOnCancelPolicy(true);
  }

  /** Interrupts the calling thread after {@code timeout}, unless the result is closed before. */
  Deadline interruptAfter(Duration timeout) {
    return new Deadline(Thread.currentThread(), timeout);
  }

  /** Runs {@code action} after {@code timeout}, unless the result is cancelled before. */
  ScheduledFuture<?> runAfter(Duration timeout, Runnable action) {
    return clock.schedule(action, timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  /** A deadline of one thread. */
  final class Deadline implements AutoCloseable {

    private final Thread thread;
    private final ScheduledFuture<?> timer;
    private boolean closed;
    private boolean passed;

    private Deadline(Thread thread, Duration timeout) {
      this.thread = thread;
      timer = runAfter(timeout, this::pass);
    }

    private synchronized void pass() {
      if (!closed) {
        passed = true;
        thread.interrupt();
      }
    }

    /** Whether it was this deadline that interrupted the thread. */
    synchronized boolean hasPassed() {
      return passed;
    }

    /** No interrupt comes after this; one that came and was not noticed is taken back. */
    @Override
    public void close() {
      timer.cancel(false);
      synchronized (this) {
        closed = true;
        if (passed) {
          boolean unused = Thread.interrupted();
        }
      }
    }
  }
}
