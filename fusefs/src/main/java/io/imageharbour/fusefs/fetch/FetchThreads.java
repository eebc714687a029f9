package io.imageharbour.fusefs.fetch;

import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that are made when they are needed: a thread that is idle is used before another is made,
 * which {@link ThreadPoolExecutor} by itself does only without a queue. Each costs some hundred
 * kilobytes, and reads that come one after the other need two or three.
 *
 * <p>Platform threads: much of a flight is writing files through system calls, and a virtual thread
 * holds its carrier, of which there may be only two, during each of them.
 */
final class FetchThreads {

  private FetchThreads() {}

  /** So many threads; what finds all of them busy waits for one. */
  static ThreadPoolExecutor queueing(String name, int count) {
    LinkedTransferQueue<Runnable> queue =
        new LinkedTransferQueue<>() {
          private static final long serialVersionUID = 1;

          @Override
          public boolean offer(Runnable task) {
            return tryTransfer(task);
          }
        };
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            0,
            count,
            1,
            TimeUnit.MINUTES,
            queue,
            Thread.ofPlatform().daemon().name(name, 0).factory());
    threads.setRejectedExecutionHandler(
        (task, pool) -> {
          if (pool.isShutdown()) {
            throw new RejectedExecutionException(name + " is shut down");
          }
          queue.put(task);
        });
    return threads;
  }

  /** So many threads; what finds all of them busy is rejected. */
  static ThreadPoolExecutor refusing(String name, int count) {
    return new ThreadPoolExecutor(
        0,
        count,
        1,
        TimeUnit.MINUTES,
        new SynchronousQueue<>(),
        Thread.ofPlatform().daemon().name(name, 0).factory());
  }
}
