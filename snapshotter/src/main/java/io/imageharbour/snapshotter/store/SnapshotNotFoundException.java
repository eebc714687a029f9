package io.imageharbour.snapshotter.store;

import io.imageharbour.indexer.HarbourException;

/** No snapshot has this name. */
public final class SnapshotNotFoundException extends HarbourException {

  private static final long serialVersionUID = 1;

  public SnapshotNotFoundException(String message) {
    super(message);
  }
}
