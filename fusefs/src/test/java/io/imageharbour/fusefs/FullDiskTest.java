package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FullDiskTest {

  @TempDir Path temp;

  private Path disk;

  @BeforeEach
  void mountSmallDisk() throws Exception {
    Path image = temp.resolve("disk.img");
    disk = Files.createDirectory(temp.resolve("disk"));
    Commands.run("truncate", "-s", "16M", image.toString());
    Commands.run("mkfs.ext4", "-q", "-m", "0", image.toString());
    Commands.run("mount", "-o", "loop", image.toString(), disk.toString());
  }

  @AfterEach
  void unmountSmallDisk() throws IOException {
    Mounts.unmount(disk);
  }

  @Test
  void readsThatFindNoRoomFailAndTheOthersGoOn() throws Exception {
    FakeImage image = new FakeImage("pack");
    List<FileContent> contents = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      contents.addAll(image.addFrame(FakeImage.bytes(i, 1 << 20)));
    }
    FileContent big = image.addBig(100, 32L << 20, 1 << 20);
    FakeSource source = new FakeSource("memory").with(image);
    try (TestStore store = TestStore.open(disk, source).add("app", image)) {
      int read = 0;
      while (tryRead(store.mounted(contents.get(read).digest()))) {
        read++;
      }
      assertThat(read).isBetween(3, 16);
      assertThat(store.store.stats().failedReads()).isEqualTo(1);
      assertThatThrownBy(() -> Files.readAllBytes(store.mounted(big.digest())))
          .isInstanceOf(IOException.class);
      for (int i = 0; i < read; i++) {
        assertThat(store.mounted(contents.get(i).digest()))
            .hasBinaryContent(FakeImage.bytes(i, 1 << 20));
      }
      // a source can't help a full disk, so it was asked once for each
      assertThat(source.fetched.stream().filter(digest -> digest.equals(contents.get(0).digest())))
          .hasSize(1);
      for (int i = 0; i < read; i++) {
        Files.delete(store.cached(contents.get(i).digest()));
      }
      assertThat(store.mounted(contents.get(read).digest()))
          .hasBinaryContent(FakeImage.bytes(read, 1 << 20));
    }
  }

  private static boolean tryRead(Path file) {
    try {
      Files.readAllBytes(file);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
