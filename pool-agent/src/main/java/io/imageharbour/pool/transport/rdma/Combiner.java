package io.imageharbour.pool.transport.rdma;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes batches of what many threads bring: one of them works, and what comes meanwhile is its next
 * batch. Nobody waits for more to come, so one alone is not delayed. Safe for use by many threads.
 *
 * @see <a href="https://doi.org/10.1145/1810479.1810540">Hendler, Incze, Shavit, Tzafrir: Flat
 *     combining and the synchronization-parallelism tradeoff, SPAA 2010</a>
 */
final class Combiner<T> {

  private final Lock lock;
  private final int most;
  private final Consumer<List<T>> work;
  private final Queue<T> waiting = new ConcurrentLinkedQueue<>();

  /**
   * Brings everything to {@code work}.
   *
   * @param lock held while it works; whoever else takes it calls {@link #run} once it has let go
   * @param most in a batch
   */
  Combiner(Lock lock, int most, Consumer<List<T>> work) {
    this.lock = lock;
    this.most = most;
    this.work = work;
  }

  /** Brings some, in order. When this returns it is done, or another thread is about to do it. */
  void add(List<T> some) {
    waiting.addAll(some);
    run();
  }

  /** Does what nobody is about to do. */
  void run() {
    // looked at again after the lock was let go: who came before that found it taken
    while (!waiting.isEmpty() && lock.tryLock()) {
      try {
        List<T> batch = take();
        if (!batch.isEmpty()) {
          work.accept(batch);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private List<T> take() {
    List<T> batch = new ArrayList<>(most);
    while (batch.size() < most) {
      @Nullable T next = waiting.poll();
      if (next == null) {
        break;
      }
      batch.add(next);
    }
    return batch;
  }
}
