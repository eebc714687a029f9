package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ContentStoreTest {

  private static final int KIB = 1024;

  @TempDir(factory = InMemory.class)
  Path root;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");

  @Test
  void aFileIsFetchedWhenItIsFirstOpenedAndThenReadFromTheCas() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(store.cached(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(source.fetches).hasValue(1);
      assertThat(store.store.stats().passthrough()).isTrue();
      assertThat(store.store.stats().reads()).isZero();
    }
  }

  @Test
  void lookingAtFilesFetchesNothing() throws Exception {
    FileContent small = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    FileContent big = image.addBig(2, 100 * KIB, 16 * KIB);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(Files.size(store.mounted(small.digest()))).isEqualTo(5000);
      assertThat(Files.size(store.mounted(big.digest()))).isEqualTo(100 * KIB);
      assertThat(Files.getPosixFilePermissions(store.mounted(big.digest())))
          .isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
      assertThat(Files.getAttribute(store.mounted(small.digest()), "unix:uid")).isEqualTo(0);
      Path directory = store.store.contentDirectory("app").orElseThrow();
      Commands.run("ls", "-lR", directory.resolve("..").toString());
      Commands.run("ls", "-lR", directory.toString());
      Commands.run("df", directory.toString());
      assertThat(source.fetches).hasValue(0);
    }
  }

  @Test
  void whatComesInTheSameFrameIsKept() throws Exception {
    List<FileContent> contents =
        image.addFrame(FakeImage.bytes(1, 3000), FakeImage.bytes(2, 4000), FakeImage.bytes(3, 10));
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(contents.get(1).digest()))
          .hasBinaryContent(FakeImage.bytes(2, 4000));
      Waiting.until(
          "the neighbours are in the CAS",
          () ->
              contents.stream().allMatch(content -> Files.exists(store.cached(content.digest()))));
      assertThat(store.mounted(contents.get(0).digest()))
          .hasBinaryContent(FakeImage.bytes(1, 3000));
      assertThat(source.fetches).hasValue(1);
    }
  }

  @Test
  void sixtyFourReadersOfOneFrameMakeOneFetch() throws Exception {
    List<FileContent> contents = image.addFrame(FakeImage.bytes(1, 3000), FakeImage.bytes(2, 4000));
    source.gate = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(64)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        Path file = store.mounted(contents.get(i % 2).digest());
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      Waiting.until("all of them wait", () -> store.store.stats().opens() == 64);
      source.gate.countDown();
      for (int i = 0; i < 64; i++) {
        assertThat(reads.get(i).get())
            .isEqualTo(i % 2 == 0 ? FakeImage.bytes(1, 3000) : FakeImage.bytes(2, 4000));
      }
      assertThat(source.fetches).hasValue(1);
      assertThat(store.store.stats().ingestedFiles()).isEqualTo(2);
    }
  }

  @Test
  void aSourceThatBringsOnlyWhatIsWantedServesAllReadersOfAFrame() throws Exception {
    byte[][] files = new byte[20][];
    for (int i = 0; i < files.length; i++) {
      files[i] = FakeImage.bytes(i, 1000 + i);
    }
    List<FileContent> contents = image.addFrame(files);
    source.wantedOnly = true;
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(files.length)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (FileContent content : contents) {
        Path file = store.mounted(content.digest());
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      for (int i = 0; i < files.length; i++) {
        assertThat(reads.get(i).get()).isEqualTo(files[i]);
      }
    }
  }

  @Test
  void wrongBytesAreThrownAwayAndFetchedAgain() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    source.corrupt.put(content.digest(), new AtomicInteger(2));
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(store.store.stats().wrongDigests()).isEqualTo(2);
    }
  }

  @Test
  void bytesThatStayWrongFailThatReadAndNoOther() throws Exception {
    List<FileContent> contents = image.addFrame(FakeImage.bytes(1, 3000), FakeImage.bytes(2, 4000));
    source.corrupt.put(contents.getFirst().digest(), new AtomicInteger(Integer.MAX_VALUE));
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThatThrownBy(() -> Files.readAllBytes(store.mounted(contents.getFirst().digest())))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Input/output error");
      assertThat(store.mounted(contents.getLast().digest()))
          .hasBinaryContent(FakeImage.bytes(2, 4000));
      assertThat(store.cached(contents.getFirst().digest())).doesNotExist();
      assertThat(store.store.stats().failedReads()).isEqualTo(1);
    }
  }

  @Test
  void theNextSourceIsAskedWhenOneIsDownOrWrong() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    FileContent other = image.addFrame(FakeImage.bytes(2, 5000)).getFirst();
    FakeSource pool = new FakeSource("pool").with(image);
    pool.down = true;
    try (TestStore store = TestStore.open(root, pool, source.with(image)).add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      pool.down = false;
      pool.corrupt.put(other.digest(), new AtomicInteger(Integer.MAX_VALUE));
      assertThat(store.mounted(other.digest())).hasBinaryContent(FakeImage.bytes(2, 5000));
      assertThat(store.store.stats().sources())
          .extracting(ContentStats.Source::failures)
          .containsExactly(4L, 0L);
    }
  }

  @Test
  void aSourceThatHangsFailsTheReadAfterTheTimeout() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    source.gate = new CountDownLatch(1);
    try (TestStore store =
        TestStore.open(
                root, config -> config.withFetchTimeout(Duration.ofMillis(300)), source.with(image))
            .add("app", image)) {
      assertThatThrownBy(() -> Files.readAllBytes(store.mounted(content.digest())))
          .hasMessageContaining("Input/output error");
      source.gate.countDown();
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
    }
  }

  @Test
  void whoJoinsAFetchThatHangsHasATimeoutOfItsOwn() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    source.gate = new CountDownLatch(1);
    Duration timeout = Duration.ofSeconds(1);
    try (TestStore store =
            TestStore.open(root, config -> config.withFetchTimeout(timeout), source.with(image))
                .add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(2)) {
      long start = System.nanoTime();
      Future<byte[]> first =
          readers.submit(() -> Files.readAllBytes(store.mounted(content.digest())));
      while (System.nanoTime() - start < timeout.toNanos() / 2) {
        LockSupport.parkNanos(1_000_000);
      }
      Future<byte[]> second =
          readers.submit(() -> Files.readAllBytes(store.mounted(content.digest())));

      assertThatThrownBy(first::get).hasMessageContaining("Input/output error");
      source.gate.countDown();
      assertThat(second.get()).isEqualTo(FakeImage.bytes(1, 5000));
    }
  }

  @Test
  void theNextSourceIsAskedInTimeWhenOneHangs() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    FakeSource pool = new FakeSource("pool").with(image);
    pool.gate = new CountDownLatch(1);
    try (TestStore store =
        TestStore.open(
                root,
                config -> config.withFetchTimeout(Duration.ofSeconds(1)),
                pool,
                source.with(image))
            .add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
    }
  }

  @Test
  @Timeout(30)
  void theNextSourceIsAskedAsWellWhenOneIsSlowerThanItsHeadStart() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    FakeSource pool = new FakeSource("pool").with(image);
    pool.headStart = Optional.of(Duration.ofMillis(50));
    pool.gate = new CountDownLatch(1);
    try (TestStore store =
        TestStore.open(
                root,
                config -> config.withFetchTimeout(Duration.ofMinutes(10)),
                pool,
                source.with(image))
            .add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(source.fetches).hasValue(1);
      assertThat(store.store.stats().sources().getFirst().hedges()).isEqualTo(1);
    } finally {
      pool.gate.countDown();
    }
  }

  @Test
  void aKilledReaderDoesNotWaitForItsBytes() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    source.gate = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      Process reader =
          new ProcessBuilder("cat", store.mounted(content.digest()).toString()).start();
      Waiting.until("it waits", () -> source.fetches.get() == 1);
      reader.destroyForcibly();
      Waiting.until("it has ended", () -> !reader.isAlive());
      source.gate.countDown();
    }
  }

  @Test
  void aFileThatWasDeletedFromTheCasIsFetchedAgain() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      Files.delete(store.cached(content.digest()));
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(source.fetches).hasValue(2);
    }
  }

  @Test
  void aCasFileOfTheWrongSizeIsReplaced() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      Files.write(store.cached(content.digest()), new byte[17]);
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
    }
  }

  @Test
  void theEmptyFileNeedsNoSource() throws Exception {
    image.add(new FileContent(Digest.EMPTY, 0, List.of()));
    try (TestStore store = TestStore.open(root).add("app", image)) {
      assertThat(store.mounted(Digest.EMPTY)).isEmptyFile();
    }
  }

  @Test
  void withoutPassthroughReadsAreServedByUs() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 500_000)).getFirst();
    try (TestStore store =
        TestStore.open(root, config -> config.withPassthrough(false), source.with(image))
            .add("app", image)) {
      assertThat(store.mounted(content.digest())).hasBinaryContent(FakeImage.bytes(1, 500_000));
      assertThat(store.store.stats().passthrough()).isFalse();
      assertThat(store.store.stats().reads()).isPositive();
    }
  }

  @Test
  void anImageThatIsNotKnownIsNotThereAndComesBackUnderItsName() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(root, source.with(image))) {
      Path file = store.mounted("app", content.digest());
      assertThatThrownBy(() -> Files.size(file)).isInstanceOf(NoSuchFileException.class);
      store.add("app", image);
      assertThat(Files.size(file)).isEqualTo(5000);
      store.store.remove("app");
      assertThatThrownBy(() -> Files.readAllBytes(file)).isInstanceOf(IOException.class);
      store.add("app", image);
      assertThat(file).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(Files.getAttribute(file, "unix:ino"))
          .isEqualTo(
              Files.getAttribute(store.add("b", image).mounted(content.digest()), "unix:ino"));
    }
  }

  @Test
  void namesThatAreNoDigestsAreNotThere() throws Exception {
    try (TestStore store = TestStore.open(root).add("app", image)) {
      Path directory = store.store.contentDirectory("app").orElseThrow();
      for (String name : List.of("zz", "AB", "ab/cd", "ab/" + "g".repeat(62), "00/..x", "é")) {
        assertThat(directory.resolve(name)).doesNotExist();
        assertThat(directory.resolveSibling(name)).doesNotExist();
      }
      assertThat(directory.resolve("ab")).isDirectory();
      assertThat(directory.resolve("ab").resolve("ab")).doesNotExist();
    }
  }

  @Test
  void nobodyCanWrite() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThatThrownBy(() -> Files.write(store.mounted(content.digest()), new byte[1]))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(
              () ->
                  Files.createFile(store.store.contentDirectory("app").orElseThrow().resolve("x")))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> Files.delete(store.mounted(content.digest())))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void aStoreIsOpenedByOneProcessOnly() throws Exception {
    try (TestStore store = TestStore.open(root)) {
      assertThatThrownBy(() -> TestStore.open(root))
          .isInstanceOf(ContentStoreInUseException.class)
          .hasMessageContaining("in use");
    }
    TestStore.open(root).close();
  }

  @Test
  void imagesAreKnownAfterARestart() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    TestStore.open(root, source.with(image)).add("app", image).close();
    try (TestStore store = TestStore.open(root, source)) {
      assertThat(store.store.images()).containsExactly("app");
      assertThat(store.mounted("app", content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
    }
  }

  @Test
  void verifyingRemovesWhatIsWrong() throws Exception {
    List<FileContent> contents = image.addFrame(FakeImage.bytes(1, 3000), FakeImage.bytes(2, 4000));
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(contents.getFirst().digest())).exists();
      Files.readAllBytes(store.mounted(contents.getFirst().digest()));
      Waiting.until("both are here", () -> Files.exists(store.cached(contents.getLast().digest())));
      Files.write(store.cached(contents.getFirst().digest()), FakeImage.bytes(9, 3000));
      ScrubReport report = store.store.verify();
      assertThat(report).isEqualTo(new ScrubReport(2, 7000, List.of(contents.getFirst().digest())));
      assertThat(store.mounted(contents.getFirst().digest()))
          .hasBinaryContent(FakeImage.bytes(1, 3000));
    }
  }
}
