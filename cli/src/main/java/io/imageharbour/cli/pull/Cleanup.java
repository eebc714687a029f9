package io.imageharbour.cli.pull;

/** Undoes what was begun, also in a thread that was interrupted: that comes first, then the end. */
final class Cleanup {

  private Cleanup() {}

  /** Something to undo. */
  @FunctionalInterface
  interface Step {
    void run() throws ContainerdException;
  }

  static void run(Step step) throws ContainerdException {
    boolean interrupted = Thread.interrupted();
    try {
      step.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
