package io.imageharbour.cli.progress;

import io.imageharbour.cli.text.Quantity;
import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Progress for logs and pipes: a line when a piece of work is complete, and one every few seconds
 * while it goes on.
 */
public final class LineProgress implements Progress {

  private static final long INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

  private final PrintStream out;
  private final LongSupplier nanoTime;
  private long lastLine;

  /**
   * Progress whose lines go to {@code out}.
   *
   * @param nanoTime a clock such as {@link System#nanoTime}
   */
  public LineProgress(PrintStream out, LongSupplier nanoTime) {
    this.out = out;
    this.nanoTime = nanoTime;
    this.lastLine = nanoTime.getAsLong();
  }

  @Override
  public Stage stage(Unit unit) {
    return new LineStage(unit);
  }

  @Override
  public synchronized void message(String line) {
    out.println(line);
  }

  @Override
  public void close() {
    out.flush();
  }

  private final class LineStage implements Stage {

    private final Unit unit;
    private String label = "";
    private long began;
    private long done;
    private long total;

    LineStage(Unit unit) {
      this.unit = unit;
    }

    @Override
    public void start(String newLabel, long newTotal) {
      label = newLabel;
      began = nanoTime.getAsLong();
      done = 0;
      total = newTotal;
    }

    @Override
    public void advance(long amount) {
      done += amount;
      long now = nanoTime.getAsLong();
      synchronized (LineProgress.this) {
        if (now - lastLine < INTERVAL_NANOS) {
          return;
        }
        lastLine = now;
      }
      StageState state = state(now);
      String percent = state.isTotalKnown() ? " (" + Quantity.percent(done, total) + ")" : "";
      message(label + ": " + state.amount() + percent);
    }

    @Override
    public void finish() {
      StageState state = state(nanoTime.getAsLong());
      boolean counted = state.isTotalKnown() || done > 0;
      message(
          (counted ? label + ": " + state.amount() : label)
              + " in "
              + Quantity.seconds(state.elapsed()));
    }

    private StageState state(long now) {
      return new StageState(label, unit, done, total, Duration.ofNanos(now - began));
    }
  }
}
