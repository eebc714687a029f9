package io.imageharbour.fusefs.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FetchThreadsTest {

  @Test
  void whatComesOneAfterTheOtherNeedsOneThread() throws Exception {
    ThreadPoolExecutor threads = FetchThreads.queueing("test-", 8);
    for (int i = 0; i < 100; i++) {
      threads.submit(() -> {}).get();
      while (threads.getActiveCount() > 0) {
        Thread.onSpinWait();
      }
    }
    // a thread that has just ended its work may not wait for more yet
    assertThat(threads.getLargestPoolSize()).isLessThan(8);
    threads.shutdownNow();
  }

  @Test
  void whatFindsAllBusyWaitsForOne() throws Exception {
    ThreadPoolExecutor threads = FetchThreads.queueing("test-", 3);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(20);
    for (int i = 0; i < 20; i++) {
      threads.execute(
          () -> {
            awaitQuietly(gate);
            done.countDown();
          });
    }
    assertThat(threads.getLargestPoolSize()).isEqualTo(3);
    gate.countDown();
    done.await();
    threads.shutdownNow();
    assertThatThrownBy(() -> threads.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void whatFindsAllBusyIsRejected() {
    ThreadPoolExecutor threads = FetchThreads.refusing("test-", 2);
    CountDownLatch gate = new CountDownLatch(1);
    threads.execute(() -> awaitQuietly(gate));
    threads.execute(() -> awaitQuietly(gate));
    assertThatThrownBy(() -> threads.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
    gate.countDown();
    threads.shutdownNow();
  }

  private static void awaitQuietly(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
