package io.imageharbour.cli.progress;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.InteractiveConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * Progress for terminals: a bar for each stage, redrawn in place. Lines that others write to {@link
 * System#err} meanwhile would tear the bars apart, so they are held back until {@link #close}.
 */
public final class BarProgress implements Progress {

  private static final int INTERVAL_MILLIS = 100;

  private final PrintStream terminal;
  private final PrintStream standardError = System.err;
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();
  private final PrintStream holding = new PrintStream(held, true, StandardCharsets.UTF_8);
  private final List<ProgressBar> bars = new ArrayList<>();

  /** Progress that is drawn on this terminal. */
  public BarProgress(PrintStream terminal) {
    this.terminal = terminal;
    System.setErr(holding);
  }

  @Override
  public Stage stage(Unit unit) {
    return new BarStage(unit);
  }

  @Override
  public void message(String line) {
    holding.println(line);
  }

  @Override
  public void close() {
    synchronized (bars) {
      bars.forEach(ProgressBar::close);
      bars.clear();
    }
    System.setErr(standardError);
    terminal.print(held.toString(StandardCharsets.UTF_8));
    terminal.flush();
  }

  private final class BarStage implements Stage {

    private final Unit unit;
    private String label = "";
    private long began;
    private long done;
    private long total;
    private long ended;
    private boolean going;
    private boolean drawn;

    BarStage(Unit unit) {
      this.unit = unit;
    }

    @Override
    public void start(String newLabel, long newTotal) {
      boolean first;
      synchronized (this) {
        label = newLabel;
        began = System.nanoTime();
        done = 0;
        total = newTotal;
        going = true;
        first = !drawn;
        drawn = true;
      }
      if (first) {
        draw();
      }
    }

    @Override
    public synchronized void advance(long amount) {
      done += amount;
    }

    @Override
    public synchronized void finish() {
      total = done;
      ended = System.nanoTime();
      going = false;
    }

    private void draw() {
      ProgressBar bar =
          new ProgressBarBuilder()
              .setConsumer(new InteractiveConsoleProgressBarConsumer(terminal))
              .setRenderer((_, width) -> BarRenderer.render(state(), width))
              .setUpdateIntervalMillis(INTERVAL_MILLIS)
              .continuousUpdate()
              .build();
      synchronized (bars) {
        bars.add(bar);
      }
    }

    private synchronized StageState state() {
      long until = going ? System.nanoTime() : ended;
      return new StageState(label, unit, done, total, Duration.ofNanos(until - began));
    }
  }
}
