package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.imageharbour.fusefs.ContentSource.Prompt;
import io.imageharbour.indexer.FileContent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A first source that answers on the thread of whoever waits, as a memory pool does. */
class PromptSourceTest {

  private static final int READERS = 20;

  @TempDir private Path root;
  private final FakeImage image = new FakeImage("pack");
  private final FakeSource pool = new FakeSource("pool");
  private final FakeSource registry = new FakeSource("registry");

  @Test
  void whatItHasAtHandIsNotFetched() throws Exception {
    FileContent small = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    FileContent big = image.addCut(FakeImage.bytes(2, 3 << 20), 256 << 10);
    pool.prompt = Prompt.BROUGHT;
    try (TestStore store = open()) {
      assertThat(store.mounted(small.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(store.mounted(big.digest())).hasBinaryContent(FakeImage.bytes(2, 3 << 20));
      assertThat(pool.fetches).hasValue(0);
      assertThat(registry.prompts).hasValue(0);
      // a reader may be served a moment before the fetch is counted
      await("the last fetch is counted", () -> sources(store).getFirst().fetches() >= 13);
      assertThat(sources(store))
          .extracting(ContentStats.Source::fetches, ContentStats.Source::chunks)
          .containsExactly(tuple(13L, 13L), tuple(0L, 0L));
    }
  }

  @Test
  void whatItLacksIsAskedOfTheNextAtOnce() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    pool.prompt = Prompt.LACKING;
    try (TestStore store = open()) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(pool.prompts).hasValue(1);
      assertThat(pool.fetches).hasValue(0);
      assertThat(registry.fetches).hasValue(1);
    }
  }

  @Test
  void whatItDoesNotKnowIsFetchedFromItFirst() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = open()) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(pool.prompts).hasValue(1);
      assertThat(pool.fetches).hasValue(1);
      assertThat(registry.fetches).hasValue(0);
    }
  }

  @Test
  void wrongBytesReachNobody() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    pool.prompt = Prompt.BROUGHT;
    pool.corrupt.put(content.digest(), new AtomicInteger(Integer.MAX_VALUE));
    try (TestStore store = open()) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(registry.fetches).hasValue(1);
    }
  }

  @Test
  void itServesAllReadersOfAFrame() throws Exception {
    byte[][] files = new byte[READERS][];
    for (int i = 0; i < READERS; i++) {
      files[i] = FakeImage.bytes(i, 1000 + i);
    }
    List<FileContent> contents = image.addFrame(files);
    pool.prompt = Prompt.BROUGHT;
    try (TestStore store = open();
        ExecutorService readers = Executors.newFixedThreadPool(READERS)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (FileContent content : contents) {
        Path file = store.mounted(content.digest());
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      for (int i = 0; i < READERS; i++) {
        assertThat(reads.get(i).get()).isEqualTo(files[i]);
      }
      assertThat(pool.fetches).hasValue(0);
      assertThat(store.store.stats().ingestedFiles()).isEqualTo(READERS);
    }
  }

  @Test
  void manyReadersOfOneFileAreOneQuestion() throws Exception {
    byte[] bytes = FakeImage.bytes(1, 5000);
    FileContent content = image.addFrame(bytes).getFirst();
    pool.prompt = Prompt.BROUGHT;
    pool.promptGate = new CountDownLatch(1);
    try (TestStore store = open();
        ExecutorService readers = Executors.newFixedThreadPool(READERS)) {
      Path file = store.mounted(content.digest());
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      // who comes when the answer is there already may ask once more
      await("all wait for the answer", () -> waitingInFetchPath() == READERS);
      pool.promptGate.countDown();
      for (Future<byte[]> read : reads) {
        assertThat(read.get()).isEqualTo(bytes);
      }
      assertThat(pool.prompts).hasValue(1);
      assertThat(registry.fetches).hasValue(0);
    }
  }

  private static List<ContentStats.Source> sources(TestStore store) {
    return store.store.stats().sources();
  }

  private static long waitingInFetchPath() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(thread -> thread.getKey().getState() == Thread.State.TIMED_WAITING)
        .filter(
            thread ->
                Arrays.stream(thread.getValue())
                    .anyMatch(frame -> frame.getMethodName().equals("awaitFlight")))
        .count();
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.sleep(1);
    }
  }

  private TestStore open() throws Exception {
    return TestStore.open(root, pool.with(image), registry.with(image)).add("app", image);
  }
}
