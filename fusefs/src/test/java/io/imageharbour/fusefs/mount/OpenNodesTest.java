package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.InMemory;
import io.imageharbour.fusefs.Waiting;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.RunMarker;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.kernel.Replies;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OpenNodesTest {

  private static final int SIZE = 64 << 10;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Path root;
  private final byte[] bytes = FakeImage.bytes(1, SIZE);
  private final Digest digest = Digest.sha256(bytes);
  private final FakeSource source = new FakeSource("memory");
  private final Cas cas;
  private final ContentTable table;
  private final FetchPath fetchPath;
  private final OpenNodes nodes;

  OpenNodesTest(@TempDir(factory = InMemory.class) Path root) throws IOException {
    this.root = root;
    cas = Cas.open(root, Duration.ofSeconds(5), RunMarker.LastEnd.CLEAN);
    table = ContentTable.open(root.resolve("table"));
    fetchPath = new FetchPath(List.of(source), table, cas, 4, Duration.ofSeconds(20));
    nodes = new OpenNodes(table, cas, fetchPath, BackingFiles.of(new Replies().connection()));
  }

  @BeforeEach
  void addTwoCuts() throws IOException {
    addCut("coarse", SIZE / 4);
    addCut("fine", SIZE / 8);
  }

  @AfterEach
  void close() throws IOException {
    nodes.close();
    fetchPath.close();
    table.close();
    cas.close();
  }

  @Test
  void aFileThatIsBroughtInOneCutIsNotClosedByWhoBringsItInAnother() throws Exception {
    source.gate = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<?> coarse = threads.submit(() -> bringAll(0));
      Waiting.until("the first cut is on its way", () -> source.fetches.get() > 0);
      GrowingFile fine = nodes.growing(row().row(), digest, layouts(1));
      fine.close();
      source.gate.countDown();
      coarse.get(30, TimeUnit.SECONDS);
      assertThat(cas.contains(digest)).isTrue();
    }
    try (var partials = Files.list(root.resolve("ingest"))) {
      assertThat(partials).as("the second cut").hasSize(1);
    }
  }

  @Test
  void closingAFileThatIsBeingVerifiedDoesNotWait() throws Exception {
    Deque<Runnable> adoptions = new ArrayDeque<>();
    GrowingFile file = growing(adoptions::add);
    file.bring(0, SIZE);
    Waiting.until("it is to be verified", () -> !adoptions.isEmpty());
    file.close();
    assertThat(cas.contains(digest)).isFalse();
    adoptions.remove().run();
    assertThat(cas.contains(digest)).isTrue();
  }

  @Test
  void aFileThatDoesNotComeIntoTheCasIsNotTakenForWhole() throws Exception {
    GrowingFile file =
        growing(
            task -> {
              throw new RejectedExecutionException("made up");
            });
    assertThatThrownBy(() -> file.bringAll(PATIENCE)).isInstanceOf(NotAdoptedException.class);
    file.close();
  }

  @Test
  void aClosedFileIsNotRead() throws Exception {
    GrowingFile growing = growing(Runnable::run);
    growing.bringAll(PATIENCE);
    growing.close();
    WholeFile whole = new WholeFile(cas.open(digest, SIZE).orElseThrow(), SIZE);
    try (Arena arena = Arena.ofConfined();
        OpenFile other = afterClosing(whole)) {
      assertThat(other.size()).isNotZero();
      assertThatThrownBy(() -> whole.read(0, arena.allocate(16)))
          .isInstanceOf(ClosedContentException.class);
      assertThatThrownBy(() -> growing.read(0, arena.allocate(16)))
          .isInstanceOf(ClosedContentException.class);
    }
  }

  /** Another file, which most likely gets the number of the closed one. */
  private static OpenFile afterClosing(WholeFile file) throws IOException {
    file.close();
    return OpenFile.open(Path.of("/proc/self/exe"), OpenFile.O_RDONLY);
  }

  private @Nullable Void bringAll(int layout) throws IOException, InterruptedException {
    try (GrowingFile file = nodes.growing(row().row(), digest, layouts(layout))) {
      file.bringAll(PATIENCE);
    }
    return null;
  }

  private GrowingFile growing(Executor adoptions) throws IOException {
    return new GrowingFile(cas, fetchPath, digest, layouts(0), adoptions, file -> {});
  }

  private List<List<StoredChunk>> layouts(int layout) throws IOException {
    return List.of(table.content(row().row()).orElseThrow().layouts().get(layout));
  }

  private RowAttributes row() throws IOException {
    return table.find(digest).getFirst();
  }

  private void addCut(String pack, int chunk) throws IOException {
    FakeImage image = new FakeImage(pack);
    image.addCut(bytes, chunk);
    source.with(image);
    table.add(pack, image.index(), List.of("registry.test/app"));
  }
}
