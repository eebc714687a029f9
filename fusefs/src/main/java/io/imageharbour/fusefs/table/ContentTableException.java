package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.HarbourException;

/** The table could not be read or written; it can be rebuilt from the indexes. */
public final class ContentTableException extends HarbourException {

  private static final long serialVersionUID = 1;

  ContentTableException(String message, Throwable cause) {
    super(message + ": " + cause.getMessage(), cause);
  }

  ContentTableException(String message) {
    super(message);
  }
}
