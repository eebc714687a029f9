package io.imageharbour.snapshotter;

import io.imageharbour.indexer.HarbourException;

/** It is not known which agents the pool has. */
public final class NoAgentsException extends HarbourException {

  private static final long serialVersionUID = 1;

  NoAgentsException(String message) {
    super(message);
  }
}
