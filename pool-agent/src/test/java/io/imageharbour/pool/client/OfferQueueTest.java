package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of contents while nothing is taken out of the queue. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class OfferQueueTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final PoolConfig CONFIG = new PoolConfig(1, PATIENCE, PATIENCE, PATIENCE);

  @Test
  void whatDoesNotFitIsDroppedAtOnceAndThereIsRoomLater() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (OfferQueue queue = new OfferQueue(CONFIG, digest -> noneAfter(release))) {
      int fit = (int) (OfferQueue.MAX_BYTES / (1 << 20)) - 1;
      for (int i = 0; i < fit + 5; i++) {
        offer(queue, i, 1 << 20);
      }
      assertThat(queue.dropped()).isEqualTo(5);
      // not only bytes are bounded
      for (int i = 0; i < 100_000; i++) {
        offer(queue, i, 1);
      }
      assertThat(queue.dropped()).isGreaterThan(90_000);
      assertThat(queue.awaitIdle(Duration.ofMillis(1))).isFalse();

      release.countDown();
      assertThat(queue.awaitIdle(PATIENCE)).isTrue();
      long dropped = queue.dropped();
      offer(queue, 1, 1 << 20);
      assertThat(queue.awaitIdle(PATIENCE)).isTrue();
      assertThat(queue.dropped()).isEqualTo(dropped);
    }
  }

  private static void offer(OfferQueue queue, int number, int size) {
    ByteBuffer content = ByteBuffer.allocate(size);
    content.put(0, (byte) number);
    queue.offer(Digest.EMPTY, content, Optional.empty());
  }

  /** No agent takes it, and it takes long to find out. */
  private static List<AgentLink> noneAfter(CountDownLatch release) {
    try {
      release.await();
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
