package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.HarbourException;

/** An original can't be restored as it is asked for, or what came out of its recipe is not it. */
public final class RestoreFailedException extends HarbourException {

  private static final long serialVersionUID = 1;

  RestoreFailedException(String message) {
    super(message);
  }

  RestoreFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
