package io.imageharbour.pool.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RetriesTest {

  private static final Digest IMAGE = Digest.EMPTY;

  private final AtomicLong now = new AtomicLong();
  private final Retries retries = new Retries(now::get);

  @Test
  void whatFailsIsTriedAfterTwiceAsLongEachTimeUpToAnHour() {
    assertThat(retries.isDue(IMAGE)).isTrue();
    Duration pause = Retries.FIRST;
    for (int i = 0; i < 20; i++) {
      assertThat(retries.tried(IMAGE)).isEqualTo(i == 0);
      now.addAndGet(pause.toNanos() - 1);
      assertThat(retries.isDue(IMAGE)).isFalse();
      now.incrementAndGet();
      assertThat(retries.isDue(IMAGE)).isTrue();
      pause = pause.multipliedBy(2);
      pause = pause.compareTo(Retries.LONGEST) < 0 ? pause : Retries.LONGEST;
    }
  }

  @Test
  void successAndBeingGoneBeginAnew() {
    assertThat(retries.tried(IMAGE)).isTrue();
    retries.keep(Set.of(IMAGE));
    assertThat(retries.isDue(IMAGE)).isFalse();
    retries.keep(Set.of());
    assertThat(retries.isDue(IMAGE)).isTrue();
    assertThat(retries.tried(IMAGE)).isTrue();
    retries.succeeded(IMAGE);
    assertThat(retries.tried(IMAGE)).isTrue();
  }
}
