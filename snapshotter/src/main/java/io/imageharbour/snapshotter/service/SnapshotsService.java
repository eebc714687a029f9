package io.imageharbour.snapshotter.service;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.imageharbour.snapshotter.mounts.Snapshotter;
import io.imageharbour.snapshotter.proto.snapshots.CleanupRequest;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.Kind;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsResponse;
import io.imageharbour.snapshotter.proto.snapshots.MountsRequest;
import io.imageharbour.snapshotter.proto.snapshots.MountsResponse;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotResponse;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotResponse;
import io.imageharbour.snapshotter.proto.snapshots.UpdateSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.UpdateSnapshotResponse;
import io.imageharbour.snapshotter.proto.snapshots.UsageRequest;
import io.imageharbour.snapshotter.proto.snapshots.UsageResponse;
import io.imageharbour.snapshotter.proto.snapshots.ViewSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.ViewSnapshotResponse;
import io.imageharbour.snapshotter.proto.types.Mount;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.Usage;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** containerd's snapshots service: requests to {@link Snapshotter}, its answers to messages. */
public final class SnapshotsService extends SnapshotsGrpc.SnapshotsImplBase {

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotsService.class);

  /** Snapshots in one message of a list, as many as containerd's own server sends. */
  private static final int LIST_BLOCK = 100;

  private final Snapshotter snapshotter;

  public SnapshotsService(Snapshotter snapshotter) {
    this.snapshotter = snapshotter;
  }

  @Override
  public void prepare(
      PrepareSnapshotRequest request, StreamObserver<PrepareSnapshotResponse> response) {
    answer(
        "Prepare",
        request.getKey(),
        response,
        () ->
            PrepareSnapshotResponse.newBuilder()
                .addAllMounts(
                    messages(
                        snapshotter.prepare(
                            request.getKey(), name(request.getParent()), request.getLabelsMap())))
                .build());
  }

  @Override
  public void view(ViewSnapshotRequest request, StreamObserver<ViewSnapshotResponse> response) {
    answer(
        "View",
        request.getKey(),
        response,
        () ->
            ViewSnapshotResponse.newBuilder()
                .addAllMounts(
                    messages(
                        snapshotter.view(
                            request.getKey(), name(request.getParent()), request.getLabelsMap())))
                .build());
  }

  @Override
  public void mounts(MountsRequest request, StreamObserver<MountsResponse> response) {
    answer(
        "Mounts",
        request.getKey(),
        response,
        () ->
            MountsResponse.newBuilder()
                .addAllMounts(messages(snapshotter.mounts(request.getKey())))
                .build());
  }

  @Override
  public void commit(CommitSnapshotRequest request, StreamObserver<Empty> response) {
    answer(
        "Commit",
        request.getKey(),
        response,
        () -> {
          snapshotter.commit(request.getName(), request.getKey(), request.getLabelsMap());
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void remove(RemoveSnapshotRequest request, StreamObserver<Empty> response) {
    answer(
        "Remove",
        request.getKey(),
        response,
        () -> {
          snapshotter.remove(request.getKey());
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void stat(StatSnapshotRequest request, StreamObserver<StatSnapshotResponse> response) {
    answer(
        "Stat",
        request.getKey(),
        response,
        () ->
            StatSnapshotResponse.newBuilder()
                .setInfo(message(snapshotter.stat(request.getKey())))
                .build());
  }

  @Override
  public void update(
      UpdateSnapshotRequest request, StreamObserver<UpdateSnapshotResponse> response) {
    Info info = request.getInfo();
    answer(
        "Update",
        info.getName(),
        response,
        () ->
            UpdateSnapshotResponse.newBuilder()
                .setInfo(
                    message(
                        snapshotter.update(
                            info.getName(),
                            info.getLabelsMap(),
                            request.getUpdateMask().getPathsList())))
                .build());
  }

  @Override
  public void list(ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> response) {
    answerAll("List", "", response, () -> pages(snapshotter.list(request.getFiltersList())));
  }

  @Override
  public void usage(UsageRequest request, StreamObserver<UsageResponse> response) {
    answer(
        "Usage",
        request.getKey(),
        response,
        () -> {
          Usage usage = snapshotter.usage(request.getKey());
          return UsageResponse.newBuilder()
              .setSize(usage.bytes())
              .setInodes(usage.inodes())
              .build();
        });
  }

  @Override
  public void cleanup(CleanupRequest request, StreamObserver<Empty> response) {
    answer(
        "Cleanup",
        "",
        response,
        () -> {
          snapshotter.cleanUp();
          return Empty.getDefaultInstance();
        });
  }

  private static <T> void answer(
      String call, String key, StreamObserver<T> response, Operation<T> operation) {
    answerAll(call, key, response, () -> List.of(operation.run()));
  }

  /** Answers with any number of messages, or with the one error that came up on the way to them. */
  private static <T> void answerAll(
      String call, String key, StreamObserver<T> response, Operation<List<T>> operation) {
    List<T> messages;
    try {
      messages = operation.run();
    } catch (IOException e) {
      fail(call, key, response, e);
      return;
    } catch (RuntimeException | Error e) {
      LOG.error("event=bug call={} snapshot=\"{}\"", call, key, e);
      response.onError(Statuses.ofBug(e).asException());
      return;
    }
    messages.forEach(response::onNext);
    response.onCompleted();
  }

  private static void fail(
      String call, String key, StreamObserver<?> response, IOException failure) {
    Status status = Statuses.of(failure);
    switch (status.getCode()) {
      // containerd asks for what may not exist, and two pulls race, all day long
      case NOT_FOUND, ALREADY_EXISTS ->
          LOG.debug("event=refused call={} snapshot=\"{}\" status={}", call, key, status.getCode());
      default ->
          LOG.warn(
              "event=failed call={} snapshot=\"{}\" status={} cause=\"{}\"",
              call,
              key,
              status.getCode(),
              status.getDescription());
    }
    // after the log, so that who has the answer finds its line
    response.onError(status.asException());
  }

  private static Optional<String> name(String name) {
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }

  private static List<Mount> messages(List<io.imageharbour.snapshotter.mounts.Mount> mounts) {
    return mounts.stream()
        .map(
            mount ->
                Mount.newBuilder()
                    .setType(mount.type())
                    .setSource(mount.source())
                    .addAllOptions(mount.options())
                    .build())
        .toList();
  }

  private static List<ListSnapshotsResponse> pages(List<Snapshot> all) {
    List<ListSnapshotsResponse> pages = new ArrayList<>();
    for (int from = 0; from < all.size(); from += LIST_BLOCK) {
      List<Snapshot> block = all.subList(from, Math.min(from + LIST_BLOCK, all.size()));
      pages.add(
          ListSnapshotsResponse.newBuilder()
              .addAllInfo(block.stream().map(SnapshotsService::message).toList())
              .build());
    }
    return pages;
  }

  private static Info message(Snapshot snapshot) {
    return Info.newBuilder()
        .setName(snapshot.name())
        .setParent(snapshot.parent().orElse(""))
        .setKind(
            switch (snapshot.kind()) {
              case VIEW -> Kind.VIEW;
              case ACTIVE -> Kind.ACTIVE;
              case COMMITTED -> Kind.COMMITTED;
            })
        .setCreatedAt(timestamp(snapshot.created()))
        .setUpdatedAt(timestamp(snapshot.updated()))
        .putAllLabels(snapshot.labels())
        .build();
  }

  private static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  private interface Operation<T> {
    T run() throws IOException;
  }
}
