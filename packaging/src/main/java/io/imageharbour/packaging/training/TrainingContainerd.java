package io.imageharbour.packaging.training;

import com.google.protobuf.FieldMask;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.ListContentRequest;
import io.imageharbour.snapshotter.proto.content.ListContentResponse;
import io.imageharbour.snapshotter.proto.images.Image;
import io.imageharbour.snapshotter.proto.images.ImagesGrpc;
import io.imageharbour.snapshotter.proto.images.ListImagesRequest;
import io.imageharbour.snapshotter.proto.images.ListImagesResponse;
import io.imageharbour.snapshotter.proto.snapshots.CleanupRequest;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.MountsRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.UpdateSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.UsageRequest;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What harbourd sees of containerd: somebody who calls its snapshots service in the order in which
 * containerd does, and answers where a layer came from.
 */
final class TrainingContainerd implements AutoCloseable {

  private static final String REFERENCE_LABEL = "containerd.io/snapshot.ref";
  private static final String CRI_LABEL = "containerd.io/snapshot/cri.image-ref";
  private static final int CALL_SECONDS = 60;

  private final IndexLayer layer;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(
          1, Thread.ofPlatform().daemon().name("grpc-io").factory(), NioIoHandler.newFactory());
  private final Server server;
  private final ManagedChannel channel;

  /**
   * Listens as containerd; what it calls need not be there yet.
   *
   * @param socket to listen on
   * @param harbourd harbourd's socket
   */
  TrainingContainerd(Path socket, Path harbourd, IndexLayer layer) throws IOException {
    this.layer = layer;
    this.server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .directExecutor()
            .addService(new Blobs())
            .addService(new Images())
            .build()
            .start();
    this.channel = UnixChannels.open(harbourd, eventLoop);
  }

  /** What unpacking the image does, as {@code ctr image pull} asks for it. */
  void unpack(String namespace) throws IOException {
    unpack(namespace, Map.of(REFERENCE_LABEL, layer.diffId().toString()));
  }

  /** The same as the CRI plugin asks for it, which says what image it is. */
  void unpackForKubernetes(String namespace) throws IOException {
    unpack(namespace, Map.of(REFERENCE_LABEL, layer.diffId().toString(), CRI_LABEL, layer.image()));
  }

  private void unpack(String namespace, Map<String, String> labels) throws IOException {
    String key = namespace + "/1/extract-1-abcd " + layer.diffId();
    var mount =
        calls()
            .prepare(PrepareSnapshotRequest.newBuilder().setKey(key).putAllLabels(labels).build())
            .getMounts(0);
    layer.writeTo(Path.of(mount.getSource()));
    var _ =
        calls()
            .commit(
                CommitSnapshotRequest.newBuilder()
                    .setName(image(namespace))
                    .setKey(key)
                    .putAllLabels(labels)
                    .build());
    var _ = calls().stat(StatSnapshotRequest.newBuilder().setKey(image(namespace)).build());
    var _ = calls().usage(UsageRequest.newBuilder().setKey(image(namespace)).build());
  }

  /** Prepares a container's snapshot and answers the options of the overlay to mount. */
  String prepareContainer(String namespace) {
    var _ =
        calls()
            .prepare(
                PrepareSnapshotRequest.newBuilder()
                    .setKey(container(namespace))
                    .setParent(image(namespace))
                    .putLabels("containerd.io/gc.root", "2026-01-01T00:00:00Z")
                    .build());
    var mount =
        calls()
            .mounts(MountsRequest.newBuilder().setKey(container(namespace)).build())
            .getMounts(0);
    return String.join(",", mount.getOptionsList());
  }

  /** What containerd does now and then: its garbage collection, the CRI plugin's statistics. */
  void lookAround(String namespace) {
    for (int i = 0; i < 10; i++) {
      calls()
          .list(ListSnapshotsRequest.getDefaultInstance())
          .forEachRemaining(
              page ->
                  page.getInfoList()
                      .forEach(
                          snapshot -> {
                            var _ =
                                calls()
                                    .usage(
                                        UsageRequest.newBuilder()
                                            .setKey(snapshot.getName())
                                            .build());
                          }));
    }
    String sameLayer = "labels.\"" + REFERENCE_LABEL + "\"==\"" + layer.diffId() + "\"";
    calls()
        .list(ListSnapshotsRequest.newBuilder().addFilters(sameLayer).build())
        .forEachRemaining(_ -> {});
    var _ =
        calls()
            .update(
                UpdateSnapshotRequest.newBuilder()
                    .setInfo(Info.newBuilder().setName(image(namespace)).putLabels("a", "b"))
                    .setUpdateMask(FieldMask.newBuilder().addPaths("labels.a"))
                    .build());
  }

  /** Removes the container's snapshot. */
  void removeContainer(String namespace) {
    remove(container(namespace));
  }

  /** Removes the image's snapshot, when no container is left. */
  void removeImage(String namespace) {
    remove(image(namespace));
    var _ = calls().cleanup(CleanupRequest.getDefaultInstance());
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private void remove(String key) {
    var _ = calls().remove(RemoveSnapshotRequest.newBuilder().setKey(key).build());
  }

  private String image(String namespace) {
    return namespace + "/2/" + layer.diffId();
  }

  private static String container(String namespace) {
    return namespace + "/3/container";
  }

  private SnapshotsGrpc.SnapshotsBlockingStub calls() {
    return SnapshotsGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** Knows one layer and its repository; the label has the registry without its port. */
  private final class Blobs extends ContentGrpc.ContentImplBase {
    @Override
    public void list(ListContentRequest request, StreamObserver<ListContentResponse> response) {
      String host = layer.image().substring(0, layer.image().indexOf(':'));
      response.onNext(
          ListContentResponse.newBuilder()
              .addInfo(
                  io.imageharbour.snapshotter.proto.content.Info.newBuilder()
                      .setDigest(layer.diffId().toString())
                      .putLabels("containerd.io/uncompressed", layer.diffId().toString())
                      .putLabels("containerd.io/distribution.source." + host, layer.repository()))
              .build());
      response.onCompleted();
    }
  }

  /** Knows one image by its name, which has the registry's port. */
  private final class Images extends ImagesGrpc.ImagesImplBase {
    @Override
    public void list(ListImagesRequest request, StreamObserver<ListImagesResponse> response) {
      response.onNext(
          ListImagesResponse.newBuilder()
              .addImages(Image.newBuilder().setName(layer.image()))
              .build());
      response.onCompleted();
    }
  }
}
