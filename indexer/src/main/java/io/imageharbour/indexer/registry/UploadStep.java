package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * One exchange with a registry that changes what it holds of an upload, in a thread of its own: an
 * interrupt of whoever waits for it does not break it off. A registry whose answer is cut off has
 * begun an upload that nobody can name, and one that is told to forget an upload of which it still
 * stores a chunk may keep that chunk. For one thread at a time.
 */
final class UploadStep<T> {

  private static final Duration STOP_TIME = Duration.ofSeconds(5);

  private final FutureTask<T> task;
  private final Thread thread;

  private UploadStep(Callable<T> step) {
    this.task = new FutureTask<>(step);
    this.thread = Thread.ofVirtual().name("blob-upload").start(task);
  }

  /**
   * Starts a step.
   *
   * @param step throws nothing that is checked but {@link IOException} and {@link
   *     InterruptedException}
   */
  static <T> UploadStep<T> start(Callable<T> step) {
    return new UploadStep<>(step);
  }

  /** Waits for the end of the step: its result, or what it threw. */
  T await() throws IOException, InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case InterruptedException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new AssertionError("nothing else is thrown", e);
      }
    }
  }

  /**
   * Waits for the end of the step, and interrupts it only if that takes long. False if it does not
   * end, and what it works with is still its own.
   */
  boolean stop() {
    if (hasEndedIn(STOP_TIME)) {
      return true;
    }
    thread.interrupt();
    return hasEndedIn(STOP_TIME);
  }

  /** Whoever is interrupted, once or twice, still waits. */
  private boolean hasEndedIn(Duration time) {
    long deadline = System.nanoTime() + time.toNanos();
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return thread.join(Duration.ofNanos(deadline - System.nanoTime()));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
