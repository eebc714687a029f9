package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.FileContent;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames that come along with the one that somebody waits for. */
@Timeout(60)
class FrameRunTest {

  private static final int FRAME = 1000;

  @TempDir(factory = InMemory.class)
  Path root;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");

  @Test
  void asManyComeAlongAsCostNoMoreThanTheirOwnRequests() throws Exception {
    List<FileContent> files = frames(8);
    // a third of the frames that come along is wanted, so four of them are worth twelve
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      for (int i = 1; i <= 5; i++) {
        assertThat(store.mounted(files.get(i).digest())).hasBinaryContent(bytes(i));
        assertThat(source.fetches).as("requests up to file %s", i).hasValue(1);
      }
      assertThat(store.mounted(files.get(6).digest())).hasBinaryContent(bytes(6));
      assertThat(source.fetches).hasValue(2);
    }
  }

  @Test
  void whatComesAlongIsKeptAsItIsUntilSomebodyWantsIt() throws Exception {
    List<FileContent> files = frames(8);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(files.get(1).digest())).hasBinaryContent(bytes(1));
      assertThat(store.mounted(files.get(4).digest())).hasBinaryContent(bytes(4));
      assertThat(store.cached(files.get(4).digest())).hasBinaryContent(bytes(4));
      assertThat(store.store.stats().ingestedFiles()).isEqualTo(2);
      assertThat(source.fetches).hasValue(1);
    }
  }

  @Test
  void whatWasKeptIsReadWhileEveryFetchHangs() throws Exception {
    List<FileContent> files = frames(8);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    try (TestStore store =
            TestStore.open(root, config -> config.withMaxFetches(1), source.with(image))
                .add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(2)) {
      assertThat(store.mounted(files.get(0).digest())).hasBinaryContent(bytes(0));
      source.gate = new CountDownLatch(1);
      Path hanging = store.mounted(files.get(7).digest());
      Future<byte[]> read = readers.submit(() -> Files.readAllBytes(hanging));
      Waiting.until("it is asked for", () -> source.fetches.get() == 2);
      Path kept = store.mounted(files.get(3).digest());
      assertThat(readers.submit(() -> Files.readAllBytes(kept)).get(10, TimeUnit.SECONDS))
          .isEqualTo(bytes(3));
      source.gate.countDown();
      assertThat(read.get()).isEqualTo(bytes(7));
    }
  }

  @Test
  void notMoreThanSomeDozensComeAlongHoweverSmall() throws Exception {
    List<FileContent> files = frames(131);
    source.bytesPerLatency = 1 << 30;
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(files.get(0).digest())).hasBinaryContent(bytes(0));
      assertThat(store.mounted(files.get(128).digest())).hasBinaryContent(bytes(128));
      assertThat(source.fetches).hasValue(1);
      assertThat(store.mounted(files.get(129).digest())).hasBinaryContent(bytes(129));
      assertThat(source.fetches).hasValue(2);
    }
  }

  @Test
  void whoWantsAFrameThatIsComingAlongWaitsForIt() throws Exception {
    List<FileContent> files = frames(3);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    source.gate = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(3)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (FileContent file : files) {
        Path path = store.mounted(file.digest());
        int opened = reads.size() + 1;
        reads.add(readers.submit(() -> Files.readAllBytes(path)));
        Waiting.until("it waits", () -> store.store.stats().opens() == opened);
        Waiting.until("the first is asked for", () -> source.fetches.get() == 1);
      }
      source.gate.countDown();
      for (int i = 0; i < files.size(); i++) {
        assertThat(reads.get(i).get()).isEqualTo(bytes(i));
      }
      assertThat(source.fetches).hasValue(1);
    }
  }

  @Test
  void aFrameThatDidNotComeAlongIsFetchedByWhoWaitsForIt() throws Exception {
    List<FileContent> files = frames(2);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    source.wantedOnly = true;
    source.gate = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(2)) {
      Path first = store.mounted(files.get(0).digest());
      Path second = store.mounted(files.get(1).digest());
      Future<byte[]> reads = readers.submit(() -> Files.readAllBytes(first));
      Waiting.until("it is asked for", () -> source.fetches.get() == 1);
      Future<byte[]> rides = readers.submit(() -> Files.readAllBytes(second));
      Waiting.until("the other waits", () -> store.store.stats().opens() == 2);
      source.gate.countDown();
      assertThat(reads.get()).isEqualTo(bytes(0));
      assertThat(rides.get()).isEqualTo(bytes(1));
      assertThat(source.fetches).hasValue(2);
    }
  }

  @Test
  void wrongBytesThatComeAlongAreThrownAwayAndFailNobody() throws Exception {
    List<FileContent> files = frames(2);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    source.corrupt.put(files.get(1).digest(), new AtomicInteger(1));
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(files.get(0).digest())).hasBinaryContent(bytes(0));
      assertThat(store.mounted(files.get(1).digest())).hasBinaryContent(bytes(1));
      assertThat(store.store.stats().wrongDigests()).isEqualTo(1);
    }
  }

  @Test
  void whoWaitsForAFrameThatStallsOnItsWayAsksForItAfterAWhile() throws Exception {
    List<FileContent> files = frames(2);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    source.gateBehind = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image)) {
      assertThat(store.mounted(files.get(0).digest())).hasBinaryContent(bytes(0));
      assertThat(store.mounted(files.get(1).digest())).hasBinaryContent(bytes(1));
      assertThat(source.fetches).hasValue(2);
      source.gateBehind.countDown();
    }
  }

  @Test
  void aFileThatIsDeletedWhileItsRunGoesOnIsFetchedAgain() throws Exception {
    List<FileContent> files = frames(2);
    source.bytesPerLatency = 12 * RawFrame.length(FRAME);
    source.gateBehind = new CountDownLatch(1);
    try (TestStore store = TestStore.open(root, source.with(image)).add("app", image);
        ExecutorService readers = Executors.newFixedThreadPool(1)) {
      Path first = store.mounted(files.get(0).digest());
      assertThat(first).hasBinaryContent(bytes(0));
      Files.delete(store.cached(files.get(0).digest()));
      Future<byte[]> again = readers.submit(() -> Files.readAllBytes(first));
      Waiting.until("it waits", () -> store.store.stats().opens() == 2);
      source.gateBehind.countDown();
      assertThat(again.get()).isEqualTo(bytes(0));
    }
  }

  @Test
  void aForgedFrameDoesNotKeepChunksFromComingAlong() throws Exception {
    int chunk = 256 << 10;
    byte[] big = FakeImage.bytes(9, 4 * chunk);
    FileContent file = image.addCut(big, chunk);
    FakeImage liar = new FakeImage("pack");
    liar.addFrame(chunk, List.of());
    liar.addFrame(new byte[] {7});
    source.bytesPerLatency = 1 << 30;
    try (TestStore store = TestStore.open(root, source.with(liar).with(image));
        FileChannel reader =
            FileChannel.open(store.add("liar", liar).add("app", image).mounted(file.digest()))) {
      ByteBuffer page = ByteBuffer.allocate(100);
      reader.read(page, 0);
      assertThat(page.array()).isEqualTo(Arrays.copyOf(big, 100));
      reader.read(page.clear(), 2L * chunk);
      assertThat(page.array()).isEqualTo(Arrays.copyOfRange(big, 2 * chunk, 2 * chunk + 100));
      assertThat(source.fetches).hasValue(1);
    }
  }

  private List<FileContent> frames(int count) {
    List<FileContent> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      files.addAll(image.addFrame(bytes(i)));
    }
    return files;
  }

  private static byte[] bytes(int seed) {
    return FakeImage.bytes(seed, FRAME);
  }
}
