package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import java.util.Optional;

/** Knows which images have their index beside them. Safe for use by several threads. */
public interface AttachedImages {

  /** Knows of none. */
  AttachedImages NONE =
      new AttachedImages() {
        @Override
        public Optional<AttachedImage> find(ImageReference image, Digest manifest) {
          return Optional.empty();
        }

        @Override
        public void forget(ImageReference image, Digest manifest) {
          // nothing was found
        }
      };

  /**
   * Looks for the index of an image. Never fails, never takes longer than seconds.
   *
   * @param image what the client calls it
   * @param manifest digest of its manifest for one platform
   */
  Optional<AttachedImage> find(ImageReference image, Digest manifest);

  /** What was found can't be used: for a while nothing is found any more. */
  void forget(ImageReference image, Digest manifest);
}
