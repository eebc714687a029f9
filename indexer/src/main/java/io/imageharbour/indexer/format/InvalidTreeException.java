package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/** A file tree or its contents break a rule or a limit of the index, so no index is made of it. */
public final class InvalidTreeException extends HarbourException {

  private static final long serialVersionUID = 1;

  InvalidTreeException(String reason) {
    super("no index can hold this image: " + reason);
  }
}
