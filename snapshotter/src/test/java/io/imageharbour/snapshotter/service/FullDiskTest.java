package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import io.imageharbour.snapshotter.HarbourdConfig;
import io.imageharbour.snapshotter.Programs;
import io.imageharbour.snapshotter.SmallIndex;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
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
  private Path root;
  private Daemon daemon;
  private EventLoopGroup eventLoop;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    Path image = directory.resolve("disk.img");
    disk = Files.createDirectory(directory.resolve("d"));
    run("truncate", "-s", "16M", image.toString());
    run("mkfs.ext4", "-q", "-m", "0", image.toString());
    run("mount", "-o", "loop", image.toString(), disk.toString());
    HarbourdConfig config = Configurations.in(disk);
    root = config.root();
    daemon = Daemon.start(config);
    eventLoop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    channel = UnixChannels.open(config.address(), eventLoop);
  }

  @AfterEach
  void stop() throws Exception {
    if (daemon != null) {
      channel.shutdownNow();
      eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
      daemon.close();
    }
    for (MountTable.Mount mount : MountTable.read().reversed()) {
      if (mount.target().startsWith(directory)) {
        Mounts.unmountLazily(mount.target());
      }
    }
  }

  @Test
  void aCommitThatFindsNoRoomIsTakenBackHoweverLittleItLacksAndCanBeRepeated() throws Exception {
    Path layer =
        Path.of(
            calls()
                .prepare(PrepareSnapshotRequest.newBuilder().setKey("a").build())
                .getMounts(0)
                .getSource());
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
    var unused = calls().remove(RemoveSnapshotRequest.newBuilder().setKey("c").build());
    assertThat(snapshot).doesNotExist();
  }

  /** Commits while so much of the disk is free; says whether that was enough. */
  private boolean commits(int freeBlocks) throws IOException {
    Path filler = fill(freeBlocks);
    try {
      var unused =
          calls().commit(CommitSnapshotRequest.newBuilder().setName("c").setKey("a").build());
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
    assertThat(MountTable.read()).noneMatch(mount -> mount.target().startsWith(root.resolve("s")));
  }

  private SnapshotsGrpc.SnapshotsBlockingStub calls() {
    return SnapshotsGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
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
