package io.imageharbour.cli.pull;

import io.grpc.StatusException;
import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.pull.Snapshots.ActiveSnapshot;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.MalformedImageException;
import io.imageharbour.snapshotter.proto.diff.ApplyRequest;
import io.imageharbour.snapshotter.proto.diff.DiffGrpc;
import io.imageharbour.snapshotter.proto.types.Descriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Sees to it that there is a snapshot for each layer of an image: one that was there, one that the
 * snapshotter answers with, or one that containerd unpacks the layer into, which is then fetched.
 */
final class Unpacker {

  /** A layer of many gigabytes on a slow disk. */
  private static final Duration UNPACKING = Duration.ofHours(2);

  private final Lease lease;
  private final Snapshots snapshots;
  private final ContentStore content;
  private final LayerFetches fetches;
  private final Stage stage;

  /**
   * What unpacks with these.
   *
   * @param stage counts layers
   */
  Unpacker(
      Lease lease, Snapshots snapshots, ContentStore content, LayerFetches fetches, Stage stage) {
    this.lease = lease;
    this.snapshots = snapshots;
    this.content = content;
    this.fetches = fetches;
    this.stage = stage;
  }

  /**
   * Unpacks an image.
   *
   * @return how many layers had a snapshot, and so were not needed
   */
  int unpack(SnapshotLabels image) throws IOException, InterruptedException {
    List<Layer> layers = image.layers();
    int found = 0;
    stage.start("layers", layers.size());
    for (int i = 0; i < layers.size(); i++) {
      Layer layer = layers.get(i);
      Optional<ActiveSnapshot> active =
          snapshots.holds(layer.chainId())
              ? Optional.empty()
              : snapshots.prepare(layer, image.of(i));
      if (active.isPresent()) {
        try (ActiveSnapshot snapshot = active.get()) {
          fetches.await(i);
          apply(layer, snapshot);
          snapshot.commit();
        }
        boolean unused = content.label(layer.digest(), ContentLabels.diffId(layer.diffId()));
      } else {
        // where the blob is there all the same, it has come from this repository, too
        boolean unused = content.label(layer.digest(), Map.of());
        found++;
      }
      stage.advance(1);
    }
    stage.finish();
    return found;
  }

  private void apply(Layer layer, ActiveSnapshot snapshot)
      throws ContainerdException, MalformedImageException, InterruptedException {
    ApplyRequest request =
        ApplyRequest.newBuilder()
            .setDiff(descriptor(layer.descriptor()))
            .addAllMounts(snapshot.mounts())
            .build();
    String applied;
    try {
      applied =
          DiffGrpc.newBlockingV2Stub(lease.channel())
              .withDeadlineAfter(UNPACKING)
              .apply(request)
              .getApplied()
              .getDigest();
    } catch (StatusException e) {
      throw lease.containerd().failure("unpack layer " + layer.digest(), e);
    }
    Digest diffId = layer.diffId();
    if (!applied.equals(diffId.toString())) {
      throw new MalformedImageException(
          "layer "
              + layer.digest()
              + " unpacks to "
              + applied
              + ", and the image's config says "
              + diffId
              + "; the image is damaged, build and push it again");
    }
  }

  private static Descriptor descriptor(io.imageharbour.indexer.image.Descriptor layer) {
    return Descriptor.newBuilder()
        .setMediaType(layer.mediaType())
        .setDigest(layer.digest().toString())
        .setSize(layer.size())
        .putAllAnnotations(layer.annotations())
        .build();
  }
}
