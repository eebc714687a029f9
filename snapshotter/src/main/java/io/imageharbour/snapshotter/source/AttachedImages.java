package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import java.util.Optional;

/** Knows which images have their index beside them. */
@FunctionalInterface
public interface AttachedImages {

  /** Knows of none. */
  AttachedImages NONE = (image, manifest) -> Optional.empty();

  /**
   * Looks for the index of an image. Never fails, never takes longer than seconds.
   *
   * @param image what the client calls it
   * @param manifest digest of its manifest for one platform
   */
  Optional<AttachedImage> find(ImageReference image, Digest manifest);
}
