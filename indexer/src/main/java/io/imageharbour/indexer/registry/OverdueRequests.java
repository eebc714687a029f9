package io.imageharbour.indexer.registry;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;

/**
 * Cancels requests whose deadline has passed. A socket's own timeout starts anew with every byte,
 * so a host that sends its headers, or the lengths of chunks, byte by byte would hold a thread for
 * ever without this. An interrupt would not end that: platform threads read on.
 */
final class OverdueRequests implements AutoCloseable {

  private static final long INTERVAL_NANOS = Duration.ofSeconds(1).toNanos();

  private final Map<HttpUriRequestBase, Deadline> underWay = new ConcurrentHashMap<>();
  private final Thread sweeper;
  private volatile boolean closed;

  OverdueRequests() {
    this.sweeper = Thread.ofPlatform().daemon().name("registry-deadlines").start(this::sweep);
  }

  /** Cancels a request at a deadline unless it is forgotten before. */
  void watch(HttpUriRequestBase request, Deadline deadline) {
    underWay.put(request, deadline);
    if (deadline.remaining().toNanos() < INTERVAL_NANOS) {
      LockSupport.unpark(sweeper);
    }
  }

  void forget(HttpUriRequestBase request) {
    underWay.remove(request);
  }

  private void sweep() {
    while (!closed) {
      long pause = INTERVAL_NANOS;
      for (Map.Entry<HttpUriRequestBase, Deadline> entry : underWay.entrySet()) {
        long left = entry.getValue().remaining().toNanos();
        if (left > 0) {
          pause = Math.min(pause, left);
        } else {
          entry.getKey().cancel();
        }
      }
      LockSupport.parkNanos(this, pause);
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(sweeper);
  }
}
