package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import java.util.List;

/** Knows which images have their index beside them. Safe for use by several threads. */
public interface AttachedImages {

  /** Knows of none. */
  AttachedImages NONE =
      new AttachedImages() {
        @Override
        public List<AttachedImage> find(ImageReference image, Digest manifest) {
          return List.of();
        }

        @Override
        public void forget(ImageReference image, Digest manifest) {
          // nothing was found
        }
      };

  /**
   * Looks for the indexes of an image. Never fails, never takes longer than seconds.
   *
   * @param image what the client calls it
   * @param manifest digest of its manifest for one platform
   * @return the newest first; an older one is for the case that a newer one can't be used
   */
  List<AttachedImage> find(ImageReference image, Digest manifest);

  /** What was found can't be used: for a while nothing is found any more. */
  void forget(ImageReference image, Digest manifest);
}
