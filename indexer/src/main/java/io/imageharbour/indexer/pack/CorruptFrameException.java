package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.HarbourException;

/** Bytes that should be a frame of a pack are none, or inflate to something else than declared. */
public final class CorruptFrameException extends HarbourException {

  private static final long serialVersionUID = 1;

  public CorruptFrameException(String message) {
    super(message);
  }
}
