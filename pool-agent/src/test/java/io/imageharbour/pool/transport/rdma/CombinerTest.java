package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CombinerTest {

  private final ReentrantLock lock = new ReentrantLock();
  private final List<List<Integer>> batches = new CopyOnWriteArrayList<>();

  @Test
  void oneAloneIsNotKeptWaiting() {
    Combiner<Integer> combiner = new Combiner<>(lock, 4, batches::add);
    combiner.add(List.of(1));
    combiner.add(List.of(2, 3, 4, 5, 6));
    combiner.add(List.of());
    assertThat(batches).containsExactly(List.of(1), List.of(2, 3, 4, 5), List.of(6));
  }

  @Test
  void whatComesDuringABatchIsTheNextOne() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Combiner<Integer> combiner =
        new Combiner<>(
            lock,
            4,
            batch -> {
              batches.add(batch);
              begun.countDown();
              awaitQuietly(goOn);
            });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> first = threads.submit(() -> combiner.add(List.of(0)));
      begun.await();
      // they do not wait for the one that works
      for (int i = 1; i <= 5; i++) {
        int number = i;
        threads.submit(() -> combiner.add(List.of(number))).get();
      }
      goOn.countDown();
      first.get();
    }
    assertThat(batches).containsExactly(List.of(0), List.of(1, 2, 3, 4), List.of(5));
  }

  @Test
  void nothingIsLeftBehindByThreadsThatCrossEachOther() throws Exception {
    List<Integer> done = new ArrayList<>();
    Combiner<Integer> combiner = new Combiner<>(lock, 16, done::addAll);
    List<Future<?>> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (int thread = 0; thread < 4; thread++) {
        int from = thread * 50_000;
        all.add(
            threads.submit(
                () -> {
                  for (int i = from; i < from + 50_000; i++) {
                    combiner.add(List.of(i));
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertThat(done.stream().sorted().toList())
        .isEqualTo(IntStream.range(0, 200_000).boxed().toList());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
