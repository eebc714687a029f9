package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.InMemory;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.RunMarker;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.kernel.FuseConnection;
import io.imageharbour.fusefs.kernel.FuseRequest;
import io.imageharbour.fusefs.kernel.FuseSession;
import io.imageharbour.fusefs.kernel.Predecessor;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A mount whose descriptor another one was handed, with files that were opened before. */
@Timeout(60)
class TakeOverTest {

  private static final int CHUNK = 1 << 20;

  @TempDir(factory = InMemory.class)
  Path root;

  @Test
  void aSuccessorServesFilesThatItsPredecessorOpenedAndOthers() throws Exception {
    FakeImage image = new FakeImage("pack");
    FileContent big = image.addBig(1, 8L * CHUNK, CHUNK);
    FileContent small = image.addFrame(FakeImage.bytes(99, 5000)).getFirst();
    FakeSource source = new FakeSource("memory").with(image);
    Path target = Files.createDirectory(root.resolve("c"));
    try (Cas cas = Cas.open(root, Duration.ofSeconds(5), RunMarker.LastEnd.CLEAN);
        ContentTable table = ContentTable.open(root.resolve("table"));
        FetchPath fetchPath =
            new FetchPath(List.of(source), table, cas, 4, Duration.ofSeconds(20))) {
      table.add("app", image.index(), List.of("registry.test/app"));
      FuseConnection connection = FuseConnection.mount(target, "harbour", true);
      try (ContentMount before = mount(table, cas, fetchPath, connection)) {
        FutureTask<RandomAccessFile> opening =
            new FutureTask<>(() -> openAndReadBegin(path(target, big.digest())));
        Thread.ofPlatform().start(opening);
        Predecessor.serve(connection, before, FuseRequest.Read.class::isInstance);
        try (RandomAccessFile opened = opening.get()) {
          FuseConnection taken =
              FuseConnection.takeOver(
                  OpenFile.ofNumber(connection.descriptor(), "/dev/fuse"), connection.negotiated());
          try (ContentMount after = mount(table, cas, fetchPath, taken);
              FuseSession session = FuseSession.start(taken, 2, after)) {
            byte[] page = new byte[4096];
            opened.seek(6L * CHUNK);
            opened.readFully(page);
            assertThat(page).isEqualTo(Arrays.copyOf(FakeImage.bytes(1 + 6L * CHUNK, CHUNK), 4096));
            assertThat(path(target, small.digest())).hasBinaryContent(FakeImage.bytes(99, 5000));
            Mounts.unmountLazily(target);
            opened.close();
            assertThat(session.awaitEnd(Duration.ofSeconds(10))).isTrue();
          }
        }
      } finally {
        if (!MountTable.on(target).isEmpty()) {
          Mounts.unmountLazily(target);
        }
      }
    }
  }

  private static ContentMount mount(
      ContentTable table, Cas cas, FetchPath fetchPath, FuseConnection connection) {
    return new ContentMount(table, cas, fetchPath, connection, digest -> "", 16);
  }

  private static RandomAccessFile openAndReadBegin(Path path) throws Exception {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
    file.readFully(new byte[4096]);
    return file;
  }

  private static Path path(Path target, Digest digest) {
    return target.resolve("app").resolve(Cas.pathOf(digest));
  }
}
