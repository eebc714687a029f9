package io.imageharbour.indexer.image;

import io.imageharbour.indexer.HarbourException;

/** A pack does not hold what the index says that it holds. */
public final class CorruptContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  /** With the frame that is damaged and how. */
  public CorruptContentException(String message) {
    super(message);
  }

  /** The same, with its cause. */
  public CorruptContentException(String message, Throwable cause) {
    super(message, cause);
  }
}
