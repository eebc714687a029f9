package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import io.imageharbour.snapshotter.HarbourdConfig;
import io.imageharbour.snapshotter.SmallIndex;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.snapshots.CleanupRequest;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.UsageRequest;
import io.imageharbour.snapshotter.proto.snapshots.UsageResponse;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service as a client on the socket finds it. */
class SnapshotsServiceTest {

  private static final int MEBIBYTE = 1 << 20;

  @TempDir private Path directory;
  private Path root;
  private Daemon daemon;
  private EventLoopGroup eventLoop;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    HarbourdConfig config = Configurations.in(directory);
    root = config.root();
    daemon = Daemon.start(config);
    eventLoop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    channel = UnixChannels.open(config.address(), eventLoop);
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    daemon.close();
    for (MountTable.Mount mount : MountTable.read().reversed()) {
      if (mount.target().startsWith(directory)) {
        Mounts.unmountLazily(mount.target());
      }
    }
  }

  @Test
  void theUsageOfAnActiveSnapshotIsMeasuredWhenItIsAskedFor() throws Exception {
    Path layer = prepare("a", "");
    UsageResponse empty = usage("a");
    Files.write(layer.resolve("file"), new byte[MEBIBYTE]);
    UsageResponse filled = usage("a");
    assertThat(empty.getInodes()).isEqualTo(1);
    assertThat(filled.getInodes()).isEqualTo(2);
    assertThat(filled.getSize() - empty.getSize()).isBetween((long) MEBIBYTE, MEBIBYTE + 65_536L);
    commit("c", "a");
    assertThat(usage("c")).isEqualTo(filled);
  }

  @Test
  void theUsageOfAnIndexSnapshotIsThatOfItsIndexAndItsTree() throws Exception {
    SmallIndex.write(prepare("a", ""), SmallIndex.bytes());
    UsageResponse layer = usage("a");
    commit("c", "a");
    Path image = onlySnapshot().resolve("index.erofs");
    UsageResponse committed = usage("c");
    assertThat(committed.getInodes()).isEqualTo(layer.getInodes() + 1);
    assertThat(committed.getSize() - layer.getSize())
        .isBetween(Files.size(image), Files.size(image) + 65_536);
  }

  @Test
  void theUsageOfWhatDoesNotExistIsNotFound() {
    assertThat(statusOf(() -> usage("nothing")).getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void cleanupDeletesWhatARemovalCouldNot() throws Exception {
    prepare("kept", "");
    Path kept = onlySnapshot();
    Path busy = Files.createDirectory(prepare("a", "").resolve("busy"));
    Mounts.mount("tmpfs", busy, "tmpfs", 0, "");
    remove("a");
    assertThat(busy).exists();
    Mounts.unmount(busy);
    cleanup();
    assertThat(onlySnapshot()).isEqualTo(kept);
  }

  @Test
  void cleanupTakesTheTreeOfAnIndexSnapshotAwayThatIsNotInTheBooks() throws Exception {
    Path leftover = root.resolve("s/777");
    Files.createDirectories(leftover.resolve("fs"));
    Path tree = Files.createDirectory(leftover.resolve("m"));
    Mounts.mount("tmpfs", tree, "tmpfs", 0, "");
    cleanup();
    assertThat(leftover).doesNotExist();
    assertThat(MountTable.on(tree)).isEmpty();
  }

  @Test
  void anIndexThatIsLargerThanTheHeapTakesIsResourceExhausted() throws Exception {
    Path index = SmallIndex.write(prepare("a", ""), new byte[0]);
    try (RandomAccessFile file = new RandomAccessFile(index.toFile(), "rw")) {
      file.setLength(Runtime.getRuntime().maxMemory());
    }
    Status status = statusOf(() -> commit("c", "a"));
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).contains("-Xmx").hasLineCount(1);
    assertThat(statusOf(() -> stat("c")).getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void moreLayersOnAnIndexThanOneMountTakesAreAFailedPrecondition() throws Exception {
    SmallIndex.write(prepare("a", ""), SmallIndex.bytes());
    commit("0", "a");
    Status status =
        statusOf(
            () -> {
              for (int i = 0; i < 1000; i++) {
                prepare("a", "" + i);
                commit("" + (i + 1), "a");
              }
            });
    assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(status.getDescription()).contains("fewer layers").hasLineCount(1);
    assertThat(statusOf(() -> stat("a")).getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void aListComesInMessagesOfAHundredAndIsWhole() {
    assertThat(list()).isEmpty();
    Set<String> keys = new HashSet<>();
    while (keys.size() < 100) {
      prepareNext(keys);
    }
    assertThat(list()).extracting(List::size).containsExactly(100);
    prepareNext(keys);
    List<List<String>> messages = list();
    assertThat(messages).extracting(List::size).containsExactly(100, 1);
    assertThat(messages.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(keys);
  }

  private void prepareNext(Set<String> keys) {
    String key = "k" + keys.size();
    prepare(key, "");
    keys.add(key);
  }

  private static Status statusOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call).getStatus();
  }

  /** Makes an active snapshot and returns the directory that its files go to. */
  private Path prepare(String key, String parent) {
    var mount =
        calls()
            .prepare(PrepareSnapshotRequest.newBuilder().setKey(key).setParent(parent).build())
            .getMounts(0);
    return Path.of(mount.getSource());
  }

  private void commit(String name, String key) {
    var unused =
        calls().commit(CommitSnapshotRequest.newBuilder().setName(name).setKey(key).build());
  }

  private void remove(String key) {
    var unused = calls().remove(RemoveSnapshotRequest.newBuilder().setKey(key).build());
  }

  private void stat(String key) {
    var unused = calls().stat(StatSnapshotRequest.newBuilder().setKey(key).build());
  }

  /** The names in each message of a list. */
  private List<List<String>> list() {
    List<List<String>> messages = new ArrayList<>();
    calls()
        .list(ListSnapshotsRequest.getDefaultInstance())
        .forEachRemaining(
            message -> messages.add(message.getInfoList().stream().map(Info::getName).toList()));
    return messages;
  }

  private UsageResponse usage(String key) {
    return calls().usage(UsageRequest.newBuilder().setKey(key).build());
  }

  private void cleanup() {
    var unused = calls().cleanup(CleanupRequest.getDefaultInstance());
  }

  private SnapshotsGrpc.SnapshotsBlockingStub calls() {
    return SnapshotsGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** The directory of the one snapshot that there is. */
  private Path onlySnapshot() throws Exception {
    try (var all = Files.list(root.resolve("s"))) {
      return assertThat(all.toList()).singleElement().actual();
    }
  }
}
