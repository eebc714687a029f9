package io.imageharbour.snapshotter.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.registry.RepositoryName;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OriginRaceTest {

  private static final List<RepositoryName> SIX =
      IntStream.range(0, 6).mapToObj(i -> new RepositoryName("r.test", "n" + i)).toList();

  @Test
  void onlyThreeAreAskedAtOnceAndTheOthersWhenTheseFail() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch fail = new CountDownLatch(1);
    try (OriginRace<Closeable> race =
        new OriginRace<>(
            SIX,
            Duration.ofNanos(1),
            repository -> {
              asked.incrementAndGet();
              fail.await();
              throw new IOException("gone");
            })) {
      FutureTask<Optional<OriginRace.Arrived<Closeable>>> next = new FutureTask<>(race::next);
      Thread waiting = Thread.ofPlatform().start(next);
      // without a limit of time: it waits for one of those who were asked, not for the next to join
      while (waiting.getState() != Thread.State.WAITING || asked.get() < 3) {
        Thread.onSpinWait();
      }
      assertThat(asked).hasValue(3);
      assertThat(race.losers()).containsExactlyElementsOf(SIX.subList(0, 3));
      fail.countDown();
      assertThat(next.get()).isEmpty();
      assertThat(asked).hasValue(6);
      assertThat(race.failures()).hasSize(6);
    }
  }

  @Test
  void anErrorIsHeardOf() throws Exception {
    try (OriginRace<Closeable> race =
        new OriginRace<>(
            SIX.subList(0, 1),
            Duration.ofSeconds(1),
            repository -> {
              throw new OutOfMemoryError("none left");
            })) {
      assertThat(race.next()).isEmpty();
      assertThat(race.failures()).containsExactly("r.test/n0: none left");
    }
  }

  @Test
  void whoJoinedJustNowIsNoLoser() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    try (OriginRace<Closeable> race =
        new OriginRace<>(
            SIX.subList(0, 2),
            Duration.ofMinutes(1),
            repository -> {
              if (repository.equals(SIX.getFirst())) {
                throw new IOException("gone");
              }
              return never::countDown;
            })) {
      assertThat(race.next().orElseThrow().repository()).isEqualTo(SIX.get(1));
      assertThat(race.losers()).containsExactly(SIX.getFirst());
    }
  }
}
