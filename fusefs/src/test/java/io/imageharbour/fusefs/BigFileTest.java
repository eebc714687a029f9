package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BigFileTest {

  private static final int MIB = 1 << 20;

  @TempDir(factory = InMemory.class)
  Path root;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");

  @Test
  void aReadOfOnePageOfAGigabyteFetchesOneChunk() throws Exception {
    FileContent big = image.addBig(1, 1L << 30, MIB);
    try (TestStore store = TestStore.open(root, source.with(image)).add("model", image)) {
      assertThat(page(store, big, 700L * MIB)).isEqualTo(expected(1, 700L * MIB));
      assertThat(source.fetched).containsExactly(big.chunks().get(700).digest());
      assertThat(page(store, big, 700L * MIB)).isEqualTo(expected(1, 700L * MIB));
      assertThat(page(store, big, 3L * MIB)).isEqualTo(expected(1, 3L * MIB));
      assertThat(source.fetched).hasSize(2);
      assertThat(Files.size(onlyPartial())).isEqualTo(1L << 30);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsHereOfABigFileGoesWithTheLastImageThatNeedsIt(boolean closedFirst) throws Exception {
    FileContent big = image.addBig(1, 8L * MIB, MIB);
    try (TestStore store = TestStore.open(root, source.with(image))) {
      store.add("model", image).add("other", image);
      RandomAccessFile file =
          new RandomAccessFile(store.mounted("other", big.digest()).toFile(), "r");
      try (file) {
        file.read();
        store.store.remove("model");
        assertThat(partials()).hasSize(1);
        if (!closedFirst) {
          store.store.remove("other");
          assertThat(file.read()).isNotNegative();
        }
      }
      if (closedFirst) {
        store.store.remove("other");
      }
      Waiting.until("nothing is left in ingest", () -> partials().isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBigFileThatWasReadWholeIsInTheCas(boolean passthrough) throws Exception {
    FileContent big = image.addBig(1, 20L * MIB + 12345, MIB);
    UnaryOperator<ContentStoreConfig> config = before -> before.withPassthrough(passthrough);
    try (TestStore store = TestStore.open(root, config, source.with(image)).add("model", image)) {
      String sum = Commands.run("sha256sum", store.mounted(big.digest()).toString());
      assertThat(sum).startsWith(big.digest().hex());
      Waiting.until("it is in the CAS", () -> Files.exists(store.cached(big.digest())));
      assertThat(Commands.run("sha256sum", store.cached(big.digest()).toString()))
          .startsWith(big.digest().hex());
      assertThat(source.bytes).hasValue(big.size());
      assertThat(Commands.run("sha256sum", store.mounted(big.digest()).toString())).isEqualTo(sum);
      assertThat(source.bytes).hasValue(big.size());
      Waiting.until("nothing is left in ingest", () -> partials().isEmpty());
    }
  }

  @Test
  void itCanBeOpenedAgainAtTheMomentInWhichItComesIntoTheCas() throws Exception {
    List<FileContent> files = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      files.add(image.addBig(i, 2L * 4096, 4096));
    }
    try (TestStore store = TestStore.open(root, source.with(image)).add("model", image)) {
      for (FileContent file : files) {
        for (int reader = 0; reader < 5; reader++) {
          Files.readAllBytes(store.mounted(file.digest()));
        }
      }
      assertThat(store.store.stats().failedReads()).isZero();
    }
  }

  @Test
  void itGoesOnInTheSameWayForThoseWhoHaveItOpenWhenItComesIntoTheCas() throws Exception {
    FileContent big = image.addBig(1, 4L * MIB, MIB);
    try (TestStore store = TestStore.open(root, source.with(image)).add("model", image);
        RandomAccessFile first = new RandomAccessFile(store.mounted(big.digest()).toFile(), "r")) {
      Commands.run("sha256sum", store.mounted(big.digest()).toString());
      Waiting.until("it is in the CAS", () -> Files.exists(store.cached(big.digest())));
      byte[] head = new byte[4096];
      first.readFully(head);
      assertThat(head).isEqualTo(expected(1, 0));
      // the kernel refuses passthrough while somebody has the file open in its page cache
      assertThat(page(store, big, 2L * MIB)).isEqualTo(expected(1, 2L * MIB));
      Files.delete(store.cached(big.digest()));
      assertThat(page(store, big, 3L * MIB)).isEqualTo(expected(1, 3L * MIB));
    }
  }

  @Test
  void readingInOrderFetchesAheadAndReadingHereAndThereDoesNot() throws Exception {
    FileContent big = image.addBig(1, 64L * MIB, MIB);
    try (TestStore store = TestStore.open(root, source.with(image)).add("model", image)) {
      for (int chunk = 60; chunk >= 0; chunk -= 10) {
        page(store, big, (long) chunk * MIB + 8192);
      }
      assertThat(source.fetched).hasSize(7);
      try (RandomAccessFile file =
          new RandomAccessFile(store.mounted(big.digest()).toFile(), "r")) {
        file.seek(11L * MIB);
        file.readFully(new byte[3 * MIB]);
        Waiting.until(
            "the chunk behind is fetched",
            () -> source.fetched.contains(big.chunks().get(14).digest()));
        // three or four chunks (the kernel reads ahead, too), as many again, and what comes along
        // with each of the requests, which is two at most
        assertThat(source.fetched.size()).isLessThanOrEqualTo(7 + 16);
      }
    }
  }

  @Test
  void manyReadersOfOneChunkMakeOneFetch() throws Exception {
    FileContent big = image.addBig(1, 4L * MIB, MIB);
    source.gate = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("model", image)) {
      List<Process> readers =
          java.util.stream.IntStream.range(0, 16)
              .mapToObj(i -> startReading(store.mounted(big.digest()), 64 * i))
              .toList();
      Waiting.until("one fetch waits", () -> source.fetches.get() == 1);
      source.gate.countDown();
      for (Process reader : readers) {
        assertThat(reader.waitFor()).isZero();
      }
      assertThat(source.fetches).hasValue(1);
    }
  }

  @Test
  void aFileThatLiesInTwoPacksIsReadFromTheOneThatIsThere() throws Exception {
    FileContent big = image.addBig(1, 4L * MIB, MIB);
    FakeImage other = new FakeImage("other pack");
    other.addBig(1, 4L * MIB, MIB);
    source.lostPacks.add(image.index().packs().getFirst().digest());
    try (TestStore store =
        TestStore.open(root, source.with(image)).add("gone", image).add("there", other)) {
      assertThat(page(store, big, 2L * MIB)).isEqualTo(expected(1, 2L * MIB));
      int fetches = source.fetches.get();
      assertThat(page(store, big, MIB)).isEqualTo(expected(1, MIB));
      assertThat(source.fetches).hasValue(fetches + 1);
    }
  }

  @Test
  void aWrongChunkFailsItsReadersAndNoOther() throws Exception {
    FileContent big = image.addBig(1, 4L * MIB, MIB);
    source.corrupt.put(big.chunks().get(2).digest(), new AtomicInteger(Integer.MAX_VALUE));
    try (TestStore store = TestStore.open(root, source.with(image)).add("model", image)) {
      assertThatThrownBy(() -> page(store, big, 2L * MIB)).isInstanceOf(IOException.class);
      assertThat(page(store, big, 3L * MIB)).isEqualTo(expected(1, 3L * MIB));
      source.corrupt.clear();
      assertThat(page(store, big, 2L * MIB)).isEqualTo(expected(1, 2L * MIB));
    }
  }

  @Test
  void chunksThatDoNotMakeUpTheWholeNeverReachTheCas() throws Exception {
    FileContent forged = forge(image, 1, Digest.sha256(new byte[] {1}));
    try (TestStore store = TestStore.open(root, source.with(image)).add("bad", image)) {
      Commands.result("cat", store.mounted(forged.digest()).toString());
      Waiting.until(
          "reading it fails",
          () -> Commands.result("cat", store.mounted(forged.digest()).toString()).status() != 0);
      assertThat(store.cached(forged.digest())).doesNotExist();
    }
  }

  @Test
  void anIndexThatCutsAFileDifferentlyCannotSlipItsBytesIntoAnotherImage() throws Exception {
    FileContent right = image.addBig(1, 4L * MIB, MIB);
    FakeImage attacker = new FakeImage("other pack");
    forge(attacker, 77, right.digest());
    try (TestStore store =
        TestStore.open(root, source.with(image).with(attacker)).add("attacker", attacker)) {
      // its own container reads its own bytes, and its pages stay in the kernel
      try (RandomAccessFile file =
          new RandomAccessFile(store.mounted(right.digest()).toFile(), "r")) {
        byte[] head = new byte[4096];
        file.readFully(head);
        assertThat(head).isEqualTo(expected(77, 0));
        Path attackers = store.mounted(right.digest());
        store.add("victim", image);
        assertThat(page(store, right, 0)).isEqualTo(expected(1, 0));
        assertThat(page(store, right, 3L * MIB)).isEqualTo(expected(1, 3L * MIB));
        Commands.result("sha256sum", attackers.toString());
        assertThat(store.cached(right.digest())).doesNotExist();
      }
      assertThat(Commands.run("sha256sum", store.mounted(right.digest()).toString()))
          .startsWith(right.digest().hex());
      Waiting.until("it is in the CAS", () -> Files.exists(store.cached(right.digest())));
      assertThat(Commands.run("sha256sum", store.cached(right.digest()).toString()))
          .startsWith(right.digest().hex());
    }
  }

  /** Adds a file of four chunks that claims to have the digest of another. */
  private static FileContent forge(FakeImage image, long seed, Digest claimed) {
    FakeImage scratch = image;
    FileContent honest = scratch.addBig(seed, 4L * MIB, MIB);
    List<Chunk> chunks = honest.chunks();
    return image.add(new FileContent(claimed, 4L * MIB, chunks));
  }

  private static Process startReading(Path file, int skipKib) {
    try {
      return new ProcessBuilder(
              "dd", "if=" + file, "of=/dev/null", "bs=1k", "count=4", "skip=" + skipKib % 512)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static byte[] page(TestStore store, FileContent content, long offset) throws IOException {
    try (RandomAccessFile file =
        new RandomAccessFile(store.mounted(content.digest()).toFile(), "r")) {
      byte[] page = new byte[4096];
      file.seek(offset);
      file.readFully(page);
      return page;
    }
  }

  private static byte[] expected(long seed, long offset) {
    byte[] chunk = FakeImage.bytes(seed + offset / MIB * MIB, MIB);
    return java.util.Arrays.copyOfRange(chunk, (int) (offset % MIB), (int) (offset % MIB) + 4096);
  }

  private Path onlyPartial() throws IOException {
    return partials().getFirst();
  }

  private List<Path> partials() throws IOException {
    try (var files = Files.list(root.resolve("ingest"))) {
      return files.toList();
    }
  }
}
