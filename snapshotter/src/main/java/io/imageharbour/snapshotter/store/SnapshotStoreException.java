package io.imageharbour.snapshotter.store;

import io.imageharbour.indexer.HarbourException;

/** The database of snapshots could not be opened, read or written. */
public final class SnapshotStoreException extends HarbourException {

  private static final long serialVersionUID = 1;

  SnapshotStoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
