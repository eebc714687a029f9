package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the index of one image says wrongly does no harm to the contents of another. */
@Timeout(60)
class LyingIndexTest {

  private static final int SIZE = 4000;
  private static final byte[] BYTES = FakeImage.bytes(1, SIZE);
  private static final Digest DIGEST = Digest.sha256(BYTES);

  @TempDir(factory = InMemory.class)
  Path root;

  private final FakeImage image = new FakeImage("pack");
  private final FakeImage liar = new FakeImage("lies");
  private final FakeSource source = new FakeSource("memory");

  @ParameterizedTest
  @CsvSource({"1, true", "1, false", "8000, true", "8000, false"})
  void aWrongSizeHarmsNobodyElse(int size, boolean liarIsFirst) throws Exception {
    image.addFrame(BYTES);
    lie(size);
    try (TestStore store = TestStore.open(root, source.with(image).with(liar))) {
      store.add(liarIsFirst ? "liar" : "app", liarIsFirst ? liar : image);
      store.add(liarIsFirst ? "app" : "liar", liarIsFirst ? image : liar);
      Path wrong = store.mounted("liar", DIGEST);
      Path right = store.mounted("app", DIGEST);
      assertThat(Files.size(wrong)).isEqualTo(size);
      assertThat(Files.size(right)).isEqualTo(SIZE);
      assertThat(source.fetches).hasValue(0);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> Files.readAllBytes(wrong))
            .hasMessageContaining("Input/output error");
        assertThat(right).hasBinaryContent(BYTES);
      }
      assertThat(store.cached(DIGEST)).hasBinaryContent(BYTES);
      store.store.remove("liar");
      assertThat(right).hasBinaryContent(BYTES);
      assertThat(wrong).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {(3 << 20) - 1, (3 << 20) + 1})
  void aWrongSizeOfABigFileHarmsNobodyElse(long size) throws Exception {
    FileContent big = image.addBig(7, 3 << 20, 1 << 20);
    FileContent other = liar.addBig(8, size, 1 << 20);
    liar.add(new FileContent(big.digest(), size, other.chunks()));
    try (TestStore store = TestStore.open(root, source.with(image).with(liar))) {
      store.add("liar", liar).add("app", image);
      Commands.result("sha256sum", store.mounted("liar", big.digest()).toString());
      assertThat(Commands.run("sha256sum", store.mounted("app", big.digest()).toString()))
          .startsWith(big.digest().hex());
      Waiting.until("the right file is in the CAS", () -> Files.exists(store.cached(big.digest())));
      Waiting.until("nothing is left of what was wrong", () -> partials().isEmpty());
    }
  }

  /** Whoever has read a part of a file is not sent for the whole because of what others say. */
  @Test
  void aBigFileThatIsPartlyHereStaysReadableWhateverAnotherImageSaysOfIt() throws Exception {
    FileContent big = image.addBig(7, 8 << 20, 1 << 20);
    liar.addFrame(8000, List.of());
    liar.add(new FileContent(big.digest(), 10, List.of(new Chunk(big.digest(), 10, 0, 0))));
    FakeImage cutDifferently = new FakeImage("other cut");
    cutDifferently.add(
        new FileContent(
            big.digest(), 8 << 20, cutDifferently.addBig(9, 8 << 20, 2 << 20).chunks()));
    try (TestStore store = TestStore.open(root, source.with(image))) {
      store.add("app", image);
      Path file = store.mounted("app", big.digest());
      String[] head = {"dd", "if=" + file, "bs=4096", "count=1", "status=none"};
      String bytes = Commands.run(head);
      store.add("liar", liar).add("other liar", cutDifferently);
      source.down = true;
      assertThat(Commands.run("stat", "-c", "%s", file.toString())).isEqualTo((8 << 20) + "\n");
      assertThat(Commands.run(head)).isEqualTo(bytes);
      assertThat(source.fetched).hasSize(1);
    }
  }

  /** Each chunk comes in time, but they are many, and whoever waits for them holds a thread. */
  @Test
  void aFileThatIsCutIntoThousandsHoldsNobodyForLongerThanAFetchMay() throws Exception {
    FileContent crumbs = liar.addBig(100, 3000, 1);
    source.with(liar);
    ContentSource trickle =
        new ContentSource() {
          @Override
          public String name() {
            return "trickle";
          }

          @Override
          public void fetch(WantedChunk wanted, ContentReceiver receiver)
              throws IOException, InterruptedException {
            Thread.sleep(100);
            source.fetch(wanted, receiver);
          }
        };
    Duration timeout = Duration.ofSeconds(1);
    try (TestStore store =
        TestStore.open(root, config -> config.withFetchTimeout(timeout), trickle)) {
      store.add("liar", liar);
      assertThatThrownBy(() -> Files.readAllBytes(store.mounted(crumbs.digest())))
          .hasMessageContaining("Input/output error");
      assertThat(source.fetched).hasSizeBetween(2, 200);
    }
  }

  /** In a store without a content mount, where each tree knows the size that its index says. */
  @Test
  void aTreeWithAWrongSizeHarmsNoOtherTree() throws Exception {
    image.addFrame(BYTES);
    lie(8000);
    Path right = Files.createDirectory(root.resolve("right"));
    Path wrong = Files.createDirectory(root.resolve("wrong"));
    try (TestStore store =
        TestStore.open(
            root.resolve("store"),
            config -> config.withoutContentMount(),
            source.with(image).with(liar))) {
      store.add("liar", liar).add("app", image);
      try (TreeMount first =
              store.store.mountTree("liar", liar.index(), wrong, TreeMountOptions.OWN);
          TreeMount second =
              store.store.mountTree("app", image.index(), right, TreeMountOptions.OWN)) {
        assertThat(Files.size(first.target().resolve("file000000"))).isEqualTo(8000);
        for (int i = 0; i < 2; i++) {
          assertThatThrownBy(() -> Files.readAllBytes(wrong.resolve("file000000")))
              .hasMessageContaining("Input/output error");
          assertThat(second.target().resolve("file000000")).hasBinaryContent(BYTES);
        }
        // not thrown away because the liar expects another size
        assertThat(source.fetched).containsOnly(DIGEST);
        assertThat(store.store.stats().ingestedFiles()).isEqualTo(1);
        // whoever goes on lying keeps nobody busy: what the size is has turned out once
        int fetches = source.fetches.get();
        Files.delete(store.cached(DIGEST));
        assertThatThrownBy(() -> Files.readAllBytes(wrong.resolve("file000000")))
            .hasMessageContaining("Input/output error");
        assertThat(source.fetches).hasValue(fetches);
      }
    }
  }

  /** Two readers want one digest of one frame, each where the index of its own image has it. */
  @Test
  void whoLooksForAFileInTheWrongPlaceFailsNobodyWhoLooksInTheRightOne() throws Exception {
    image.addFrame(8000, List.of(new FrameLocation.Part(DIGEST, SIZE, SIZE)));
    image.add(new FileContent(DIGEST, SIZE, List.of(new Chunk(DIGEST, SIZE, 0, SIZE))));
    image.chunks().put(DIGEST, () -> BYTES);
    FakeImage samePack = new FakeImage("pack");
    samePack.addFrame(8000, List.of());
    samePack.add(new FileContent(DIGEST, 1000, List.of(new Chunk(DIGEST, 1000, 0, 0))));
    source.gate = new CountDownLatch(1);
    Path right = Files.createDirectory(root.resolve("right"));
    Path wrong = Files.createDirectory(root.resolve("wrong"));
    try (TestStore store =
        TestStore.open(
            root.resolve("store"), config -> config.withoutContentMount(), source.with(image))) {
      store.add("liar", samePack).add("app", image);
      try (TreeMount liars =
              store.store.mountTree("liar", samePack.index(), wrong, TreeMountOptions.OWN);
          TreeMount others =
              store.store.mountTree("app", image.index(), right, TreeMountOptions.OWN)) {
        Process liar = cat(liars.target().resolve("file000000"));
        Waiting.until("it waits", () -> source.fetches.get() == 1);
        Process reader = cat(others.target().resolve("file000000"));
        Waiting.until("the other waits, too", () -> store.store.stats().opens() == 2);
        source.gate.countDown();
        assertThat(liar.waitFor()).isNotZero();
        assertThat(reader.waitFor()).isZero();
      }
      assertThat(store.cached(DIGEST)).hasBinaryContent(BYTES);
    }
  }

  @Test
  void whatIsSaidOfAFrameKeepsNothingAwayThatIsInIt() throws Exception {
    image.addFrame(8000, List.of(new FrameLocation.Part(DIGEST, SIZE, SIZE)));
    image.add(new FileContent(DIGEST, SIZE, List.of(new Chunk(DIGEST, SIZE, 0, SIZE))));
    image.chunks().put(DIGEST, () -> BYTES);
    FakeImage samePack = new FakeImage("pack");
    samePack.addFrame(8000, List.of());
    samePack.add(new FileContent(DIGEST, SIZE, List.of(new Chunk(DIGEST, SIZE, 0, 0))));
    try (TestStore store = TestStore.open(root, source.with(image))) {
      store.add("liar", samePack).add("app", image);
      assertThat(store.mounted(DIGEST)).hasBinaryContent(BYTES);
    }
  }

  @Test
  void chunksThatOverlapThoseOfAnotherImageKeepItNotOut() throws Exception {
    byte[] neighbour = FakeImage.bytes(2, 3000);
    image.addFrame(BYTES, neighbour);
    FakeImage samePack = new FakeImage("pack");
    samePack.addFrame(SIZE + 3000, List.of());
    Digest other = Digest.sha256(new byte[] {1});
    samePack.add(new FileContent(other, SIZE, List.of(new Chunk(other, SIZE, 0, 1500))));
    try (TestStore store = TestStore.open(root, source.with(image))) {
      store.add("liar", samePack).add("app", image);
      assertThat(store.mounted(Digest.sha256(neighbour))).hasBinaryContent(neighbour);
      assertThat(store.mounted(DIGEST)).hasBinaryContent(BYTES);
    }
  }

  /** Says that the content has another size, and where. */
  private void lie(int size) {
    liar.addFrame(8000, List.of());
    liar.add(new FileContent(DIGEST, size, List.of(new Chunk(DIGEST, size, 0, 0))));
  }

  private List<Path> partials() throws IOException {
    try (var files = Files.list(root.resolve("ingest"))) {
      return files.toList();
    }
  }

  private static Process cat(Path file) throws IOException {
    return new ProcessBuilder("cat", file.toString())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }
}
