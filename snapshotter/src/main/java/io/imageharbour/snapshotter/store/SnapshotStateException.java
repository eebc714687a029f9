package io.imageharbour.snapshotter.store;

import io.imageharbour.indexer.HarbourException;

/** The snapshot is there, but not in a state that allows this. */
public final class SnapshotStateException extends HarbourException {

  private static final long serialVersionUID = 1;

  public SnapshotStateException(String message) {
    super(message);
  }
}
