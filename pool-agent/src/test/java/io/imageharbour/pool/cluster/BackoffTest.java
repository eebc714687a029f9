package io.imageharbour.pool.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {

  @Test
  void eachWaitIsTwiceTheOneBeforeUpToTheLimitAndTheFirstOneComesAgain() {
    Backoff backoff = new Backoff(Duration.ofSeconds(1));
    for (int round = 0; round < 2; round++) {
      for (long due : new long[] {100, 200, 400, 800, 1000, 1000, 1000}) {
        long nanos = Duration.ofMillis(due).toNanos();
        assertThat(backoff.next()).isBetween(nanos / 2, nanos);
      }
      backoff.reset();
    }
  }
}
