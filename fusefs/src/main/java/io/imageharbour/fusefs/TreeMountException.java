package io.imageharbour.fusefs;

import io.imageharbour.indexer.HarbourException;

/** A tree could not be mounted: this machine lacks something, or refuses. */
public final class TreeMountException extends HarbourException {

  private static final long serialVersionUID = 1;

  /** A failure that says what is missing and what to do. */
  public TreeMountException(String message) {
    super(message);
  }

  /** A failure with its cause. */
  public TreeMountException(String message, Throwable cause) {
    super(message, cause);
  }
}
