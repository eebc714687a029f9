package io.imageharbour.fusefs;

import io.imageharbour.indexer.HarbourException;

/** The table could not be read or written; it can be rebuilt from the indexes. */
public final class ContentTableException extends HarbourException {

  private static final long serialVersionUID = 1;

  /** A failure with its cause. */
  public ContentTableException(String message, Throwable cause) {
    super(message + ": " + cause.getMessage(), cause);
  }

  /** A failure that says what was tried. */
  public ContentTableException(String message) {
    super(message);
  }
}
