package io.imageharbour.cli;

import java.time.Duration;
import java.util.function.IntSupplier;

/**
 * Runs a command so that Ctrl-C and SIGTERM interrupt it and wait while it cleans up, for example
 * cancels its uploads.
 */
final class OrderlyEnd {

  private static final Duration CLEAN_UP_TIME = Duration.ofSeconds(20);

  private OrderlyEnd() {}

  /** Runs the command in this thread and ends the process with its exit code. */
  static void run(IntSupplier command) {
    Thread thread = Thread.currentThread();
    Thread onSignal = Thread.ofPlatform().name("on-signal").unstarted(() -> end(thread));
    Runtime.getRuntime().addShutdownHook(onSignal);
    int exitCode = command.getAsInt();
    try {
      Runtime.getRuntime().removeShutdownHook(onSignal);
    } catch (IllegalStateException e) {
      // a signal came: the process ends with the signal's code as soon as this thread has
      return;
    }
    System.exit(exitCode);
  }

  private static void end(Thread command) {
    command.interrupt();
    try {
      command.join(CLEAN_UP_TIME);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
