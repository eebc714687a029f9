package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.util.List;

/**
 * Makes the images that index images were converted from again, from registry to registry. Safe for
 * use by several threads.
 */
public final class Restorer {

  private final RegistryClient registry;

  public Restorer(RegistryClient registry) {
    this.registry = registry;
  }

  /**
   * Restores the original of an index image and pushes it under {@code target}'s tag: the same
   * config to the byte, so the same image ID, and layers with the same uncompressed bytes. Layers
   * that the registry still has are not made again. Nothing is visible under the tag before every
   * layer was verified and pushed. Everything is streamed; memory is bounded, however big the image
   * is.
   *
   * @param indexImage what was converted
   * @param target where to; has a tag or means {@code latest}, and no digest
   * @param platforms the platforms to restore; all, and the list of them, if it is empty
   * @throws HarbourException if it can't be restored or a registry refuses; the message is fit for
   *     people
   * @throws InterruptedException if the thread was interrupted; the upload is cancelled then too
   */
  public RestoreSummary restore(
      ImageReference indexImage,
      ImageReference target,
      List<Platform> platforms,
      RestoreListener listener)
      throws IOException, InterruptedException {
    if (target.digest().isPresent()) {
      throw new RestoreFailedException(
          target + " can't be pushed to: the digest comes out of the restoring; give a tag");
    }
    Repository from = registry.repository(indexImage.repository());
    Manifest top = from.manifest(indexImage.tagOrDigest());
    List<Platform> wanted =
        platforms.isEmpty() ? IndexImage.platforms(from, top.digest().toString()) : platforms;
    requireOtherTarget(indexImage, target, top);
    return new Restoration(
            from, registry.repository(target.repository()), indexImage, target, listener)
        .run(top.digest(), wanted, platforms.isEmpty());
  }

  /** Else the index image would lose its tag, and the registry might delete what it was made of. */
  private void requireOtherTarget(ImageReference indexImage, ImageReference target, Manifest top)
      throws IOException {
    if (indexImage.repository().equals(target.repository())
        && (target.tagOrDigest().equals(indexImage.tag().orElse("latest"))
            && (indexImage.tag().isPresent() || indexImage.digest().isEmpty()))) {
      throw new RestoreFailedException(
          target + " is the index image itself (" + top.digest() + "); give another target");
    }
  }
}
