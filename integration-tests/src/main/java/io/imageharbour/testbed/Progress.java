package io.imageharbour.testbed;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;

/** Tells a person what is being done, step by step, and how long what took a while has taken. */
final class Progress {

  private static final Duration WORTH_TELLING = Duration.ofSeconds(1);

  private final PrintStream out;

  Progress(PrintStream out) {
    this.out = out;
  }

  /** Something that takes time and has a result. */
  @FunctionalInterface
  interface Step<T> {
    T run() throws IOException, InterruptedException;
  }

  /** Says what is done now, does it and says how long it took. */
  <T> T step(String what, Step<T> step) throws IOException, InterruptedException {
    say(what);
    long start = System.nanoTime();
    T result = step.run();
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    if (taken.compareTo(WORTH_TELLING) >= 0) {
      out.printf("    %s%n", Quantity.SECONDS.show(taken.toNanos() / 1e9));
    }
    return result;
  }

  void say(String what) {
    out.println("==> " + what);
  }
}
