package io.imageharbour.snapshotter.real;

import com.google.common.collect.ImmutableList;
import io.grpc.ManagedChannel;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.snapshots.CleanupRequest;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.Kind;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.imageharbour.snapshotter.proto.snapshots.ViewSnapshotRequest;
import io.imageharbour.snapshotter.proto.types.Mount;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Calls harbourd on its socket, as containerd does. Errors are {@link
 * io.grpc.StatusRuntimeException}s. Safe for use by several threads.
 */
final class SnapshotCalls implements AutoCloseable {

  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;

  SnapshotCalls(Path socket) {
    channel = UnixChannels.open(socket, eventLoop);
  }

  Mount prepare(String key, String parent, Map<String, String> labels) {
    return calls()
        .prepare(
            PrepareSnapshotRequest.newBuilder()
                .setKey(key)
                .setParent(parent)
                .putAllLabels(labels)
                .build())
        .getMounts(0);
  }

  Mount view(String key, String parent) {
    return calls()
        .view(ViewSnapshotRequest.newBuilder().setKey(key).setParent(parent).build())
        .getMounts(0);
  }

  void commit(String name, String key, Map<String, String> labels) {
    var unused =
        calls()
            .commit(
                CommitSnapshotRequest.newBuilder()
                    .setName(name)
                    .setKey(key)
                    .putAllLabels(labels)
                    .build());
  }

  void remove(String key) {
    var unused = calls().remove(RemoveSnapshotRequest.newBuilder().setKey(key).build());
  }

  void cleanUp() {
    var unused = calls().cleanup(CleanupRequest.getDefaultInstance());
  }

  List<Info> list(String... filters) {
    return ImmutableList.copyOf(
            calls().list(ListSnapshotsRequest.newBuilder().addAllFilters(List.of(filters)).build()))
        .stream()
        .flatMap(page -> page.getInfoList().stream())
        .toList();
  }

  /** The committed snapshot of a layer on that of the layer below, as containerd looks for it. */
  Optional<Info> layer(String chainId, String parent) {
    return list("kind==committed,labels.\"%s\"==\"%s\"".formatted(LayeredImage.LAYER, chainId))
        .stream()
        .filter(info -> info.getKind() == Kind.COMMITTED && info.getParent().equals(parent))
        .findFirst();
  }

  private SnapshotsGrpc.SnapshotsBlockingStub calls() {
    return SnapshotsGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
