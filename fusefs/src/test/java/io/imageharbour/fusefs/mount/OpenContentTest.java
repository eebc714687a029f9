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
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OpenContentTest {

  private static final int SIZE = 64 << 10;

  private final byte[] bytes = FakeImage.bytes(1, SIZE);
  private final Digest digest = Digest.sha256(bytes);
  private final FakeSource source = new FakeSource("memory");
  private final Cas cas;
  private final ContentTable table;
  private final FetchPath fetchPath;

  OpenContentTest(@TempDir(factory = InMemory.class) Path root) throws IOException {
    cas = Cas.open(root, Duration.ofSeconds(5), RunMarker.LastEnd.CLEAN);
    table = ContentTable.open(root.resolve("table"));
    fetchPath = new FetchPath(List.of(source), table, cas, 4, Duration.ofSeconds(20));
  }

  @BeforeEach
  void addImage() throws IOException {
    FakeImage image = new FakeImage("pack");
    image.addCut(bytes, SIZE / 4);
    source.with(image);
    table.add("app", image.index(), List.of("registry.test/app"));
  }

  @AfterEach
  void close() throws IOException {
    fetchPath.close();
    table.close();
    cas.close();
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
  void aFileThatCannotBeVerifiedNowIsReadAsItIs() throws Exception {
    try (GrowingFile file =
            growing(
                task -> {
                  throw new RejectedExecutionException("made up");
                });
        Arena arena = Arena.ofConfined()) {
      file.bring(0, SIZE);
      MemorySegment read = arena.allocate(SIZE);
      file.read(0, read);
      assertThat(read.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
      assertThat(file.isAdopted()).isFalse();
      assertThat(cas.contains(digest)).isFalse();
    }
  }

  @Test
  void aClosedFileIsNotRead() throws Exception {
    GrowingFile growing = growing(Runnable::run);
    growing.bring(0, SIZE);
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

  private GrowingFile growing(Executor adoptions) throws IOException {
    RowAttributes row = table.find(table.imageNumber("app").orElseThrow(), digest).orElseThrow();
    List<List<StoredChunk>> layouts = table.layouts(row.row()).orElseThrow();
    return new GrowingFile(cas, fetchPath, digest, layouts, adoptions, file -> {});
  }
}
