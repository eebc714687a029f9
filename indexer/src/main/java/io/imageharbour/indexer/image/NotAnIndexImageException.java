package io.imageharbour.indexer.image;

import io.imageharbour.indexer.HarbourException;

/** What a reference names is no index image of Harbour's, or not one for the wanted platform. */
public final class NotAnIndexImageException extends HarbourException {

  private static final long serialVersionUID = 1;

  NotAnIndexImageException(String message) {
    super(message);
  }
}
