package io.imageharbour.snapshotter.store;

import io.imageharbour.indexer.HarbourException;

/** A snapshot of this name is there already. */
public final class SnapshotExistsException extends HarbourException {

  private static final long serialVersionUID = 1;

  public SnapshotExistsException(String message) {
    super(message);
  }
}
