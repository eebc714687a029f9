package io.imageharbour.indexer.image;

import io.imageharbour.indexer.HarbourException;

/** A manifest, an image index or an image config is not what its specification asks for. */
public final class MalformedImageException extends HarbourException {

  private static final long serialVersionUID = 1;

  public MalformedImageException(String message) {
    super(message);
  }

  public MalformedImageException(String message, Throwable cause) {
    super(message, cause);
  }
}
