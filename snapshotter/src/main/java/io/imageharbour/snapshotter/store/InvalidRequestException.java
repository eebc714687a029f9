package io.imageharbour.snapshotter.store;

import io.imageharbour.indexer.HarbourException;

/** A request that no state of the store could satisfy. */
public final class InvalidRequestException extends HarbourException {

  private static final long serialVersionUID = 1;

  public InvalidRequestException(String message) {
    super(message);
  }
}
