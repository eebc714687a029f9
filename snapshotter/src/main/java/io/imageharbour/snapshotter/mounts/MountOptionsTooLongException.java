package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.HarbourException;

/** The layers of a snapshot do not fit into the options of one mount. */
public final class MountOptionsTooLongException extends HarbourException {

  private static final long serialVersionUID = 1;

  MountOptionsTooLongException(int layers, int bytes, int limit) {
    super(
        "cannot mount %d layers on an index image: the options take %d bytes and the kernel takes %d; use fewer layers, or a shorter --root"
            .formatted(layers, bytes, limit));
  }
}
