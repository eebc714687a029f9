package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.snapshotter.Programs;
import io.imageharbour.snapshotter.SmallIndex;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon whose root directory lies on a small disk that is full. */
class FullDiskTest {

  private static final int BLOCK = 4096;

  @TempDir private Path directory;
  private Path disk;
  private ServedDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    Path image = directory.resolve("disk.img");
    disk = Files.createDirectory(directory.resolve("d"));
    run("truncate", "-s", "16M", image.toString());
    run("mkfs.ext4", "-q", "-m", "0", image.toString());
    run("mount", "-o", "loop", image.toString(), disk.toString());
    daemon = ServedDaemon.start(disk);
  }

  @AfterEach
  void stop() throws Exception {
    if (daemon != null) {
      daemon.close();
    }
    ServedDaemon.unmountAllBelow(directory);
  }

  @Test
  void aCommitThatFindsNoRoomIsTakenBackHoweverLittleItLacksAndCanBeRepeated() throws Exception {
    Path layer = daemon.prepare("a", "");
    SmallIndex.write(layer, SmallIndex.bytes());
    Path snapshot = layer.resolveSibling(".").normalize();
    int freeBlocks = 0;
    while (!commits(freeBlocks)) {
      assertOnlyTheLayerIsLeft(snapshot, freeBlocks);
      freeBlocks++;
      assertThat(freeBlocks).as("blocks that a small index needs").isLessThan(100);
    }
    assertThat(freeBlocks).isPositive();
    assertThat(snapshot.resolve("m/dir/file")).exists();
    daemon.remove("c");
    assertThat(snapshot).doesNotExist();
  }

  /** Commits while so much of the disk is free; says whether that was enough. */
  private boolean commits(int freeBlocks) throws IOException {
    Path filler = fill(freeBlocks);
    try {
      daemon.commit("c", "a");
      return true;
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode())
          .as("with %d blocks: %s", freeBlocks, e.getStatus())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      return false;
    } finally {
      Files.delete(filler);
    }
  }

  private void assertOnlyTheLayerIsLeft(Path snapshot, int freeBlocks) throws IOException {
    Set<String> allowed = new HashSet<>(Set.of("fs", "work", "snapshot"));
    if (freeBlocks > 0) {
      // the table took the contents in and found no room to forget them: this marks that
      allowed.add("m");
    }
    try (Stream<Path> left = Files.list(snapshot)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .contains("fs")
          .isSubsetOf(allowed);
    }
    Path snapshots = daemon.root().resolve("s");
    assertThat(MountTable.read()).noneMatch(mount -> mount.target().startsWith(snapshots));
  }

  /** Writes a file until so much is left of the disk. */
  private Path fill(int freeBlocks) throws IOException {
    Path reserve = Files.write(disk.resolve("reserve"), new byte[freeBlocks * BLOCK]);
    Path filler = disk.resolve("filler");
    try (OutputStream out = Files.newOutputStream(filler, StandardOpenOption.CREATE_NEW)) {
      byte[] block = new byte[BLOCK];
      while (true) {
        out.write(block);
      }
    } catch (IOException e) {
      assertThat(e).hasMessage("No space left on device");
    }
    Files.delete(reserve);
    return filler;
  }

  private void run(String... command) throws Exception {
    Programs.Result result = Programs.run(directory, Map.of(), command);
    assertThat(result.exitCode()).as(result.output()).isZero();
  }
}
