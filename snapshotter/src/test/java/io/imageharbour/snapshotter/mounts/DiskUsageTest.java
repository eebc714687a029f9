package io.imageharbour.snapshotter.mounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.snapshotter.Programs;
import io.imageharbour.snapshotter.store.Usage;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskUsageTest {

  @Test
  void theUsageIsWhatDuSays(@TempDir Path directory) throws Exception {
    Path tree = directory.resolve("tree");
    Files.createDirectories(tree.resolve("a/b"));
    Files.write(tree.resolve("a/big"), new byte[100_000]);
    Files.write(tree.resolve("a/small"), new byte[1]);
    Files.createLink(tree.resolve("a/b/again"), tree.resolve("a/big"));
    Files.createSymbolicLink(tree.resolve("link"), Path.of("/usr"));
    try (RandomAccessFile sparse = new RandomAccessFile(tree.resolve("sparse").toFile(), "rw")) {
      sparse.setLength(1L << 30);
    }
    Programs.Result du =
        Programs.run(directory, Map.of(), "du", "--summarize", "--block-size=1", "tree");
    Usage usage = DiskUsage.of(tree);
    assertThat(usage.bytes()).isEqualTo(Long.parseLong(du.output().split("\t")[0]));
    // tree, a, b, big, small, link, sparse
    assertThat(usage.inodes()).isEqualTo(7);
  }

  @Test
  void whatIsNotThereIsAnError(@TempDir Path directory) {
    assertThatThrownBy(() -> DiskUsage.of(directory.resolve("gone"))).hasMessageContaining("gone");
  }
}
