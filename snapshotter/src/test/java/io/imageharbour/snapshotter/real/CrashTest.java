package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashTest {

  private static final int KILLS = 8;

  @Test
  void harbourdMayBeKilledAtAnyMoment(@TempDir Path directory) throws Exception {
    try (Images images = Images.start(directory.resolve("i"));
        Node node = Node.start(directory.resolve("n"))) {
      images.build("a:v1");
      images.convert("a:v1", "a:index");
      String index = images.reference("a:index");
      String ordinary = images.reference("a:v1");
      node.pull(index);
      String content = node.run(index, "md5sum /data/big");
      Random random = new Random(20261121);
      for (int i = 0; i < KILLS; i++) {
        // another copy under a name of its own, so that every pull has something to do
        images.addLayer("a:v1", "b:" + i, "data/i", "i" + i);
        images.convert("b:" + i, "b:index" + i);
        String other = images.reference("b:index" + i);
        Thread pulls =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        // these may fail: what they talk to is killed
                        var unused = node.tryCtr(pull(other));
                        unused = node.tryCtr(pull(ordinary));
                        unused = node.tryCtr("images", "rm", "--sync", ordinary);
                      } catch (Exception e) {
                        throw new AssertionError(e);
                      }
                    });
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(1500)));
        node.harbourd().kill();
        pulls.join();
        node.restartHarbourd();
        assertThat(node.run(index, "md5sum /data/big")).isEqualTo(content);
        node.pull(other);
        assertThat(node.run(other, "cat /data/i")).isEqualTo("i" + i);
        assertThat(node.harbourd().log()).doesNotContain("event=snapshot-broken");
      }
      for (String image : node.ctr("images", "ls", "-q").split("\n")) {
        node.remove(image);
      }
      node.ctr("content", "prune", "references");
      Server.await("no snapshot is left", () -> node.snapshotDirectories().isEmpty());
      assertThat(node.trees()).isEmpty();
      try (var ingest = Files.list(node.root().resolve("ingest"))) {
        assertThat(ingest).isEmpty();
      }
    }
  }

  private static String[] pull(String image) {
    return new String[] {"images", "pull", "--plain-http", "--snapshotter", "harbour", image};
  }
}
