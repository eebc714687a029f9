package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.imageharbour.fusefs.ContentSource.Prompt;
import io.imageharbour.indexer.FileContent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
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
      assertThat(store.store.stats().sources())
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

  private TestStore open() throws Exception {
    return TestStore.open(root, pool.with(image), registry.with(image)).add("app", image);
  }
}
