package io.imageharbour.indexer.registry;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;

/**
 * Cancels requests whose deadline has passed. A socket's own timeout starts anew with every byte,
 * so a host that sends its headers byte by byte would hold a thread for ever without this.
 */
final class OverdueRequests implements AutoCloseable {

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final Map<HttpUriRequestBase, Deadline> underWay = new ConcurrentHashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  OverdueRequests() {
    Thread.ofPlatform().daemon().name("registry-deadlines").start(this::sweep);
  }

  void watch(HttpUriRequestBase request, Deadline deadline) {
    underWay.put(request, deadline);
  }

  void forget(HttpUriRequestBase request) {
    underWay.remove(request);
  }

  private void sweep() {
    try {
      while (!closed.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        underWay.forEach(
            (request, deadline) -> {
              if (deadline.passed()) {
                request.cancel();
              }
            });
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
