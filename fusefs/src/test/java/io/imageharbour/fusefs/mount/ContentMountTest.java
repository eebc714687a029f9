package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.InMemory;
import io.imageharbour.fusefs.Waiting;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.RunMarker;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.kernel.FuseReply;
import io.imageharbour.fusefs.kernel.FuseRequest;
import io.imageharbour.fusefs.kernel.Replies;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ContentMountTest {

  @TempDir(factory = InMemory.class)
  Path root;

  private final Replies replies = new Replies();

  @Test
  void aFileThatTheKernelOpenedBeforeUsIsOpenOnlyWhileItIsRead() throws Exception {
    FakeImage image = new FakeImage("pack");
    Digest digest = image.addFrame(FakeImage.bytes(1, 5000)).getFirst().digest();
    FakeSource source = new FakeSource("memory").with(image);
    try (Cas cas = Cas.open(root, Duration.ofSeconds(5), RunMarker.LastEnd.CLEAN);
        ContentTable table = ContentTable.open(root.resolve("table"));
        FetchPath fetchPath =
            new FetchPath(List.of(source), table, cas, 4, Duration.ofSeconds(20));
        ContentMount mount =
            new ContentMount(table, cas, fetchPath, replies.connection(), name -> "", 4)) {
      table.add("app", image.index(), List.of("registry.test/app"));
      long node =
          NodeNumbers.file(
              table.find(table.imageNumber("app").orElseThrow(), digest).orElseThrow().row());
      for (int i = 0; i < 200; i++) {
        FuseReply reply = replies.next();
        mount.handle(new FuseRequest.Read(node, 1, 0, 4096), reply);
        Waiting.until("it is answered", reply::isAnswered);
      }
      assertThat(mount.files().failedReads()).isZero();
      Path file = cas.directory().resolve(Cas.pathOf(digest));
      Waiting.until("it is not open", () -> !openFiles().contains(file));
    }
  }

  private static List<Path> openFiles() throws IOException {
    List<Path> files = new ArrayList<>();
    try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        try {
          files.add(Files.readSymbolicLink(descriptor));
        } catch (NoSuchFileException e) {
          // closed meanwhile, such as that of this directory
        }
      }
    }
    return files;
  }
}
