package io.imageharbour.cli.pull;

import io.grpc.Channel;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotRequest;
import io.imageharbour.snapshotter.proto.types.Mount;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The snapshots of one of containerd's snapshotters, held by a lease. */
final class Snapshots {

  /** A snapshotter that is remote may have to fetch and mount an index meanwhile. */
  private static final Duration LONG = Duration.ofMinutes(10);

  /** How often a name is taken by chance is not counted on. */
  private static final int ATTEMPTS = 3;

  private final Containerd containerd;
  private final Lease lease;
  private final String snapshotter;

  Snapshots(Lease lease, String snapshotter) {
    this.containerd = lease.containerd();
    this.lease = lease;
    this.snapshotter = snapshotter;
  }

  /** Fails if containerd does not know the snapshotter. Whether that runs only shows when used. */
  void requireSnapshotter() throws ContainerdException, InterruptedException {
    boolean unused = isPresent("none");
  }

  /** Whether a snapshot is there; then the lease holds it. */
  boolean holds(String name) throws ContainerdException, InterruptedException {
    // before it is looked for: it must not be removed in between
    lease.hold(snapshotter, name);
    return isPresent(name);
  }

  private boolean isPresent(String name) throws ContainerdException, InterruptedException {
    try {
      var _ =
          stub(Containerd.SHORT)
              .stat(
                  StatSnapshotRequest.newBuilder()
                      .setSnapshotter(snapshotter)
                      .setKey(name)
                      .build());
      return true;
    } catch (StatusException e) {
      if (e.getStatus().getCode() == Code.NOT_FOUND) {
        return false;
      }
      throw failure("look for the snapshot " + name, e);
    }
  }

  /**
   * Makes a snapshot to unpack a layer into.
   *
   * @param labels for the snapshotter
   * @return nothing if the snapshot of the layer is there, as it may be now
   */
  Optional<ActiveSnapshot> prepare(Layer layer, Map<String, String> labels)
      throws ContainerdException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      String key = "extract-" + UUID.randomUUID() + " " + layer.chainId();
      PrepareSnapshotRequest request =
          PrepareSnapshotRequest.newBuilder()
              .setSnapshotter(snapshotter)
              .setKey(key)
              .setParent(layer.parent())
              .putAllLabels(labels)
              .build();
      try {
        return Optional.of(
            new ActiveSnapshot(
                key, layer.chainId(), labels, stub(LONG).prepare(request).getMountsList()));
      } catch (StatusException e) {
        boolean exists = e.getStatus().getCode() == Code.ALREADY_EXISTS;
        if (exists && isPresent(layer.chainId())) {
          return Optional.empty();
        }
        if (!exists || attempt == ATTEMPTS) {
          throw failure("prepare a snapshot for layer " + layer.digest(), e);
        }
      }
    }
  }

  private SnapshotsGrpc.SnapshotsBlockingV2Stub stub(Duration limit) {
    Channel channel = lease.channel();
    return SnapshotsGrpc.newBlockingV2Stub(channel).withDeadlineAfter(limit);
  }

  private ContainerdException failure(String what, StatusException failure)
      throws InterruptedException {
    Code code = failure.getStatus().getCode();
    String reason = String.valueOf(failure.getStatus().getDescription());
    if (code == Code.INVALID_ARGUMENT && reason.startsWith("snapshotter not loaded")) {
      return new ContainerdException(
          "containerd at "
              + containerd.socket()
              + " has no snapshotter \""
              + snapshotter
              + "\": its configuration needs a section [proxy_plugins."
              + snapshotter
              + "] (harbourctl doctor shows what is missing), and it has to be restarted then;"
              + " or name another with --snapshotter",
          failure);
    }
    if (code == Code.UNAVAILABLE && failure.getStatus().getCause() == null) {
      return new ContainerdException(
          "containerd at "
              + containerd.socket()
              + " does not reach its snapshotter \""
              + snapshotter
              + "\": "
              + reason
              + "; is harbourd running? It may take containerd some seconds to try again",
          failure);
    }
    return containerd.failure(what, failure);
  }

  /** A snapshot that is unpacked into. Closed before it was committed, it is removed. */
  final class ActiveSnapshot implements AutoCloseable {

    private final String key;
    private final String name;
    private final Map<String, String> labels;
    private final List<Mount> mounts;
    private boolean committed;

    private ActiveSnapshot(
        String key, String name, Map<String, String> labels, List<Mount> mounts) {
      this.key = key;
      this.name = name;
      this.labels = labels;
      this.mounts = mounts;
    }

    /** How to mount it. */
    List<Mount> mounts() {
      return mounts;
    }

    /** Makes it the snapshot of its layer, unless another client was faster. */
    void commit() throws ContainerdException, InterruptedException {
      try {
        var _ =
            stub(LONG)
                .commit(
                    CommitSnapshotRequest.newBuilder()
                        .setSnapshotter(snapshotter)
                        .setName(name)
                        .setKey(key)
                        .putAllLabels(labels)
                        .build());
        committed = true;
      } catch (StatusException e) {
        if (e.getStatus().getCode() != Code.ALREADY_EXISTS) {
          throw failure("commit the snapshot " + name, e);
        }
      }
    }

    @Override
    public void close() throws ContainerdException {
      if (!committed) {
        Cleanup.run(this::remove);
      }
    }

    private void remove() throws ContainerdException {
      RemoveSnapshotRequest request =
          RemoveSnapshotRequest.newBuilder().setSnapshotter(snapshotter).setKey(key).build();
      try {
        var _ = stub(Containerd.SHORT).remove(request);
      } catch (StatusException e) {
        throw containerd.failureOfCleanup("remove the snapshot \"" + key + "\"", e);
      }
    }
  }
}
