package io.imageharbour.snapshotter.mounts;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Shares the heap out among indexes that are read at the same time, and gives it back to the system
 * when none has been read for a while: an index of a hundred thousand files takes a hundred
 * megabytes for a second, and a daemon that keeps them would be fat for ever. Safe for use by
 * several threads.
 */
final class IndexMemory implements AutoCloseable {

  /** What reading an index and writing its tree takes, measured and rounded up. */
  static final int HEAP_PER_INDEX_BYTE = 12;

  private static final int IDLE_SECONDS = 5;
  private static final int KIB = 1024;

  private final long limit;
  private final Semaphore free;
  private final ScheduledExecutorService idle =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("heap-return").daemon().factory());
  private @Nullable ScheduledFuture<?> collection;

  /**
   * A share of a heap.
   *
   * @param heapBytes how large the heap may become
   */
  IndexMemory(long heapBytes) {
    this.limit = heapBytes / HEAP_PER_INDEX_BYTE;
    this.free = new Semaphore((int) Math.min(Integer.MAX_VALUE, limit / KIB + 1), true);
  }

  /**
   * Waits until there is memory for an index of this size; closing the result gives it back.
   *
   * @throws IndexTooLargeException if there never will be
   */
  Share take(long indexBytes) throws IndexTooLargeException {
    require(indexBytes);
    int kib = (int) (indexBytes / KIB) + 1;
    free.acquireUninterruptibly(kib);
    return () -> {
      free.release(kib);
      collectWhenIdle();
    };
  }

  /**
   * Makes sure that there is memory for an index of this size when no other is read.
   *
   * @throws IndexTooLargeException if there never will be
   */
  void require(long indexBytes) throws IndexTooLargeException {
    if (indexBytes > limit) {
      throw new IndexTooLargeException(indexBytes, limit);
    }
  }

  @Override
  public void close() {
    idle.shutdownNow();
  }

  private synchronized void collectWhenIdle() {
    if (collection != null) {
      collection.cancel(false);
    }
    if (!idle.isShutdown()) {
      collection = idle.schedule(System::gc, IDLE_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Memory that is in use. */
  interface Share extends AutoCloseable {
    @Override
    void close();
  }
}
