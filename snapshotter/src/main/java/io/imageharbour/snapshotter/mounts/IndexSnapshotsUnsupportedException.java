package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.HarbourException;

/** This machine can't run index images, for reasons that were found at start. */
public final class IndexSnapshotsUnsupportedException extends HarbourException {

  private static final long serialVersionUID = 1;

  IndexSnapshotsUnsupportedException(String reasons) {
    super("cannot use an index image on this machine: " + reasons);
  }
}
