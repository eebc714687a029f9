package io.imageharbour.cli.pull;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.cli.pull.ResolvedImage.Document;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Pulls an image into containerd and unpacks it, as containerd's own clients do, and tells the
 * snapshotter what image it is, as not all of them do. When it fails or is interrupted, everything
 * is as it was before.
 *
 * @param socket containerd's
 * @param namespace of containerd
 * @param snapshotter what to unpack with
 * @param platform which of the image's
 */
public record ImagePull(Path socket, String namespace, String snapshotter, Platform platform) {

  /**
   * Pulls an image.
   *
   * @throws ContainerdException if containerd does not answer, or can't do what it has to
   * @throws ImageUnavailableException if the image is not there for the platform
   * @throws IOException if the registry fails, or the image is damaged
   */
  public PullSummary run(ImageReference image, RegistryClient registry, Progress progress)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    Repository repository = registry.repository(image.repository());
    try (Containerd containerd = new Containerd(socket, namespace);
        Lease lease = Lease.take(containerd)) {
      Snapshots snapshots = new Snapshots(lease, snapshotter);
      // said before anything is fetched
      snapshots.requireSnapshotter();
      ContentStore content = new ContentStore(lease, image.repository());
      ResolvedImage resolved = new ImageResolver(repository, image, platform, content).resolve();
      for (Document document : resolved.documents()) {
        content.write(
            document.blob(), document.labels(), () -> new ByteArrayInputStream(document.bytes()));
      }
      try (LayerFetches fetches =
          new LayerFetches(repository, content, resolved.layers(), progress)) {
        Unpacker unpacker =
            new Unpacker(lease, snapshots, content, fetches, progress.stage(Unit.THINGS));
        int found =
            unpacker.unpack(new SnapshotLabels(image, resolved.manifest(), resolved.layers()));
        finish(image, resolved, lease, content);
        return new PullSummary(
            this,
            image,
            resolved.target().digest(),
            resolved.layers().size(),
            fetches.fetched(),
            found,
            fetches.bytes(),
            Duration.ofNanos(System.nanoTime() - begin));
      }
    }
  }

  private void finish(
      ImageReference image, ResolvedImage resolved, Lease lease, ContentStore content)
      throws ContainerdException, InterruptedException {
    if (!resolved.chainId().isEmpty()) {
      boolean unused =
          content.label(
              resolved.config().blob().digest(),
              ContentLabels.snapshot(snapshotter, resolved.chainId()));
    }
    new ImageNames(lease).set(image.toString(), resolved.target());
    lease.complete();
  }
}
