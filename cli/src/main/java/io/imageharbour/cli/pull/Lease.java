package io.imageharbour.cli.pull;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.imageharbour.snapshotter.proto.leases.AddResourceRequest;
import io.imageharbour.snapshotter.proto.leases.CreateRequest;
import io.imageharbour.snapshotter.proto.leases.DeleteRequest;
import io.imageharbour.snapshotter.proto.leases.LeasesGrpc;
import io.imageharbour.snapshotter.proto.leases.Resource;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/**
 * Keeps containerd's garbage collection away from what a pull has made until an image refers to it.
 * Closed before that, it takes all of it away. A process that is killed leaves it to containerd,
 * which forgets it after a day.
 */
final class Lease implements AutoCloseable {

  private static final long HOURS = 24;

  private final Containerd containerd;
  private final String id;
  private boolean complete;

  private Lease(Containerd containerd, String id) {
    this.containerd = containerd;
    this.id = id;
  }

  static Lease take(Containerd containerd) throws ContainerdException, InterruptedException {
    Instant expiry = Instant.now().plus(HOURS, ChronoUnit.HOURS).truncatedTo(ChronoUnit.SECONDS);
    CreateRequest request =
        CreateRequest.newBuilder()
            .setId("harbourctl-pull-" + UUID.randomUUID())
            .putLabels("containerd.io/gc.expire", expiry.toString())
            .build();
    Lease lease = new Lease(containerd, request.getId());
    try {
      var _ =
          LeasesGrpc.newBlockingV2Stub(containerd.channel())
              .withDeadlineAfter(Containerd.SHORT)
              .create(request);
      return lease;
    } catch (StatusException e) {
      if (Thread.currentThread().isInterrupted()) {
        // it may have come about
        lease.close();
      }
      throw containerd.failure("make a lease", e);
    }
  }

  Containerd containerd() {
    return containerd;
  }

  /** For calls whose outcome this lease holds. */
  Channel channel() {
    return containerd.channel(id);
  }

  /** Holds a snapshot, and with it those below, if it is there. */
  void hold(String snapshotter, String snapshot) throws ContainerdException, InterruptedException {
    Resource resource =
        Resource.newBuilder().setType("snapshots/" + snapshotter).setId(snapshot).build();
    try {
      var _ =
          LeasesGrpc.newBlockingV2Stub(containerd.channel())
              .withDeadlineAfter(Containerd.SHORT)
              .addResource(AddResourceRequest.newBuilder().setId(id).setResource(resource).build());
    } catch (StatusException e) {
      throw containerd.failure("hold the snapshot " + snapshot, e);
    }
  }

  /** An image refers to everything now. */
  void complete() {
    complete = true;
  }

  @Override
  public void close() throws ContainerdException {
    Cleanup.run(this::delete);
  }

  private void delete() throws ContainerdException {
    // what nobody refers to is gone when this returns; otherwise there is nothing to wait for
    DeleteRequest request = DeleteRequest.newBuilder().setId(id).setSync(!complete).build();
    try {
      var _ =
          LeasesGrpc.newBlockingV2Stub(containerd.channel())
              .withDeadlineAfter(Containerd.SHORT)
              .delete(request);
    } catch (StatusException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return;
      }
      throw containerd.failureOfCleanup("delete the lease " + id, e);
    }
  }
}
