package io.imageharbour.pool.control;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * What a thread spends on one image. It is interrupted when nothing has come of it for a while,
 * when it has taken very long, or when it is another agent's to do. Made and closed by that thread.
 */
final class Effort implements AutoCloseable {

  private final Limits limits;
  private final BooleanSupplier needed;
  private final Thread thread = Thread.currentThread();
  private final LongSupplier nanoTime;
  private final long begin;
  private final ScheduledFuture<?> checks;

  // all guarded by this
  private LongSupplier progress = () -> 0;
  private long lastProgress;
  private long lastProgressAt;
  private Optional<String> end = Optional.empty();
  private boolean closed;

  /**
   * How long it may take.
   *
   * @param stall without any progress
   * @param all with it
   * @param check so often is looked
   */
  record Limits(Duration stall, Duration all, Duration check) {

    /** What fits registries and images of any size. */
    static Limits usual() {
      return new Limits(Duration.ofMinutes(1), Duration.ofMinutes(30), Duration.ofSeconds(1));
    }
  }

  /**
   * Begins.
   *
   * @param needed whether it is of use still
   * @param clock looks; stays the caller's
   */
  Effort(
      Limits limits,
      BooleanSupplier needed,
      ScheduledExecutorService clock,
      LongSupplier nanoTime) {
    this.limits = limits;
    this.needed = needed;
    this.nanoTime = nanoTime;
    begin = nanoTime.getAsLong();
    lastProgressAt = begin;
    long pause = limits.check().toNanos();
    checks = clock.scheduleWithFixedDelay(this::check, pause, pause, TimeUnit.NANOSECONDS);
  }

  /** Begins another step, which gets on as long as this figure changes. */
  synchronized void step(LongSupplier figure) {
    progress = figure;
    lastProgress = figure.getAsLong();
    lastProgressAt = nanoTime.getAsLong();
  }

  /** Why the thread was interrupted; empty if that was not done here. */
  synchronized Optional<String> end() {
    return end;
  }

  /** No interrupt comes after this; one that came and was not noticed is taken back. */
  @Override
  public void close() {
    checks.cancel(false);
    synchronized (this) {
      closed = true;
      if (end.isPresent()) {
        boolean unused = Thread.interrupted();
      }
    }
  }

  private synchronized void check() {
    if (closed || end.isPresent()) {
      return;
    }
    long now = nanoTime.getAsLong();
    long figure = progress.getAsLong();
    if (figure != lastProgress) {
      lastProgress = figure;
      lastProgressAt = now;
    }
    if (!needed.getAsBoolean()) {
      end = Optional.of("another agent leads");
    } else if (now - lastProgressAt > limits.stall().toNanos()) {
      end = Optional.of("nothing has come of it for " + limits.stall().toSeconds() + " s");
    } else if (now - begin > limits.all().toNanos()) {
      end = Optional.of("it has taken longer than " + limits.all().toMinutes() + " min");
    }
    if (end.isPresent()) {
      thread.interrupt();
    }
  }
}
