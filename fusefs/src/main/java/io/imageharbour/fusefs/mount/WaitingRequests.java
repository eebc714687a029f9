package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.kernel.FuseReply;
import io.imageharbour.fusefs.linux.Errno;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests that wait for bytes, each on a thread of its own. Bounded: when too many wait, whoever
 * adds another waits too, and with it the requests that are still in the kernel; every wait has a
 * deadline, so that ends. Safe for use by several threads.
 */
final class WaitingRequests implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(WaitingRequests.class);

  /** Much more than any request needs; only what is used becomes resident. */
  private static final long STACK_BYTES = 256 << 10;

  private static final long CLOSE_SECONDS = 5;

  private final Semaphore permits;
  private final ExecutorService threads;
  private final ConcurrentMap<Long, Thread> waiting = new ConcurrentHashMap<>();

  /** At most {@code max} at once. */
  WaitingRequests(int max) {
    this(
        max,
        Executors.newCachedThreadPool(
            Thread.ofPlatform()
                .daemon()
                .name("fuse-request-", 0)
                .stackSize(STACK_BYTES)
                .factory()));
  }

  WaitingRequests(int max, ExecutorService threads) {
    permits = new Semaphore(max);
    this.threads = threads;
  }

  /**
   * Runs {@code work}, which answers {@code reply}, on a thread of its own. Throws, and leaves the
   * answer to the caller, if there is no thread to be had.
   */
  void start(FuseReply reply, Runnable work) {
    permits.acquireUninterruptibly();
    boolean started = false;
    try {
      threads.execute(() -> run(reply, work));
      started = true;
    } finally {
      if (!started) {
        permits.release();
      }
    }
  }

  /** Interrupts the thread of a request; false if none is waiting. */
  boolean interrupt(long unique) {
    // under the lock of the entry: a moment later the thread may work for another request
    return waiting.computeIfPresent(
            unique,
            (request, thread) -> {
              thread.interrupt();
              return thread;
            })
        != null;
  }

  /** Interrupts all that wait, and waits until they have ended. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        log.warn("event=requests-do-not-end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(FuseReply reply, Runnable work) {
    try {
      waiting.put(reply.unique(), Thread.currentThread());
      work.run();
    } catch (RuntimeException | Error e) {
      // a bug, or too little memory, must not leave a process waiting for ever
      if (!reply.isAnswered()) {
        reply.error(Errno.EIO);
      }
      log.error("event=request-failed", e);
    } finally {
      waiting.remove(reply.unique());
      // an interrupt that came too late is not for the next request
      boolean unused = Thread.interrupted();
      permits.release();
    }
  }
}
