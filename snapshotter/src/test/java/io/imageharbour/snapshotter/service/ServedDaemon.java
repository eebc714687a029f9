package io.imageharbour.snapshotter.service;

import io.grpc.ManagedChannel;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import io.imageharbour.snapshotter.HarbourdConfig;
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
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A daemon with everything in one directory, called as containerd calls it, on its socket. */
final class ServedDaemon implements AutoCloseable {

  private final Path directory;
  private final Path root;
  private final Daemon daemon;
  private final EventLoopGroup eventLoop;
  private final ManagedChannel channel;

  private ServedDaemon(Path directory, HarbourdConfig config, Daemon daemon) {
    this.directory = directory;
    this.root = config.root();
    this.daemon = daemon;
    eventLoop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    channel = UnixChannels.open(config.address(), eventLoop);
  }

  static ServedDaemon start(Path directory) throws IOException, InterruptedException {
    HarbourdConfig config = Configurations.in(directory);
    return new ServedDaemon(directory, config, Daemon.start(config));
  }

  /** The directory of a snapshot's files is {@code s/ID/fs} in it. */
  Path root() {
    return root;
  }

  /** Makes an active snapshot and returns the directory that its files go to. */
  Path prepare(String key, String parent) {
    var mount =
        calls()
            .prepare(PrepareSnapshotRequest.newBuilder().setKey(key).setParent(parent).build())
            .getMounts(0);
    return Path.of(mount.getSource());
  }

  void commit(String name, String key) {
    var unused =
        calls().commit(CommitSnapshotRequest.newBuilder().setName(name).setKey(key).build());
  }

  void remove(String key) {
    var unused = calls().remove(RemoveSnapshotRequest.newBuilder().setKey(key).build());
  }

  void stat(String key) {
    var unused = calls().stat(StatSnapshotRequest.newBuilder().setKey(key).build());
  }

  /** The names in each message of a list. */
  List<List<String>> list() {
    List<List<String>> messages = new ArrayList<>();
    calls()
        .list(ListSnapshotsRequest.getDefaultInstance())
        .forEachRemaining(
            message -> messages.add(message.getInfoList().stream().map(Info::getName).toList()));
    return messages;
  }

  UsageResponse usage(String key) {
    return calls().usage(UsageRequest.newBuilder().setKey(key).build());
  }

  void cleanup() {
    var unused = calls().cleanup(CleanupRequest.getDefaultInstance());
  }

  private SnapshotsGrpc.SnapshotsBlockingStub calls() {
    return SnapshotsGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    daemon.close();
    unmountAllBelow(directory);
  }

  static void unmountAllBelow(Path directory) throws IOException {
    for (MountTable.Mount mount : MountTable.read().reversed()) {
      if (mount.target().startsWith(directory)) {
        Mounts.unmountLazily(mount.target());
      }
    }
  }
}
