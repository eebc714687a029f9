package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
      assertThat(Files.size(store.mounted(DIGEST))).isEqualTo(SIZE);
      assertThat(store.mounted(DIGEST)).hasBinaryContent(BYTES);
      assertThat(store.cached(DIGEST)).hasBinaryContent(BYTES);
    }
  }

  /** The kernel knows the name with the wrong size then, and has the file open. */
  @Test
  void aWrongSizeThatSomebodyHasSeenHarmsNobodyElse() throws Exception {
    image.addFrame(BYTES);
    lie(8000);
    try (TestStore store = TestStore.open(root, source.with(image).with(liar))) {
      store.add("liar", liar);
      assertThat(Files.size(store.mounted(DIGEST))).isEqualTo(8000);
      assertThatThrownBy(() -> Files.readAllBytes(store.mounted(DIGEST)))
          .hasMessageContaining("Input/output error");
      store.add("app", image);
      assertThat(store.mounted(DIGEST)).hasBinaryContent(BYTES);
    }
  }

  @Test
  void aWrongSizeIsForgottenWithItsImage() throws Exception {
    image.addFrame(BYTES);
    lie(8000);
    try (TestStore store = TestStore.open(root, source.with(image).with(liar))) {
      store.add("liar", liar).add("app", image);
      store.store.remove("liar");
      assertThat(Files.size(store.mounted(DIGEST))).isEqualTo(SIZE);
      assertThat(source.fetches).hasValue(0);
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
      assertThat(Commands.run("sha256sum", store.mounted(big.digest()).toString()))
          .startsWith(big.digest().hex());
      Waiting.until("nothing is left of what was wrong", () -> partials().isEmpty());
    }
  }

  /** Each chunk comes in time, but they are many. */
  @Test
  void aWrongSizeThatTakesForEverHarmsNobodyElse() throws Exception {
    image.addFrame(BYTES);
    liar.add(new FileContent(DIGEST, 3000, liar.addBig(100, 3000, 1).chunks()));
    source.with(image).with(liar);
    ContentSource trickle =
        new ContentSource() {
          @Override
          public String name() {
            return "trickle";
          }

          @Override
          public void fetch(WantedChunk wanted, ContentReceiver receiver)
              throws IOException, InterruptedException {
            if (wanted.part().size() == 1) {
              Thread.sleep(400);
            }
            source.fetch(wanted, receiver);
          }
        };
    try (TestStore store = TestStore.open(root, trickle)) {
      store.add("liar", liar).add("app", image);
      assertThat(Commands.run("timeout", "30", "sha256sum", store.mounted(DIGEST).toString()))
          .startsWith(DIGEST.hex());
    }
  }

  @Test
  void aContentOfWhichAllIndexesLieIsAnErrorAndNowhere() throws Exception {
    lie(8000);
    FakeImage second = new FakeImage("more lies");
    second.addFrame(10, List.of());
    second.add(new FileContent(DIGEST, 10, List.of(new Chunk(DIGEST, 10, 0, 0))));
    try (TestStore store = TestStore.open(root, source.with(liar).with(second))) {
      store.add("liar", liar).add("second", second);
      assertThatThrownBy(() -> Files.size(store.mounted(DIGEST)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Input/output error");
      assertThat(store.cached(DIGEST)).doesNotExist();
      assertThat(store.store.stats().failedReads()).isPositive();
    }
  }

  @Test
  void whoWaitsForTheRightSizeCanBeKilledAndHoldsUpNobodyElse() throws Exception {
    image.addFrame(BYTES);
    lie(8000);
    byte[] neighbour = inTheSameDirectory();
    image.addFrame(neighbour);
    source.gate = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image).with(liar))) {
      store.add("liar", liar).add("app", image);
      Process reader = new ProcessBuilder("cat", store.mounted(DIGEST).toString()).start();
      Waiting.until("it waits", () -> source.fetches.get() == 1);
      assertThat(
              Commands.run("stat", "-c", "%s", store.mounted(Digest.sha256(neighbour)).toString()))
          .isEqualTo(neighbour.length + "\n");
      reader.destroyForcibly();
      Waiting.until("it has ended", () -> !reader.isAlive());
      source.gate.countDown();
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
      try (TreeMount first = store.store.mountTree(liar.index(), wrong, TreeMountOptions.OWN);
          TreeMount second = store.store.mountTree(image.index(), right, TreeMountOptions.OWN)) {
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
      try (TreeMount liars = store.store.mountTree(samePack.index(), wrong, TreeMountOptions.OWN);
          TreeMount others = store.store.mountTree(image.index(), right, TreeMountOptions.OWN)) {
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

  /** A file whose digest begins with the same byte. */
  private static byte[] inTheSameDirectory() {
    for (int seed = 100; ; seed++) {
      byte[] bytes = FakeImage.bytes(seed, 100);
      if (Digest.sha256(bytes).hex().startsWith(DIGEST.hex().substring(0, 2))) {
        return bytes;
      }
    }
  }
}
