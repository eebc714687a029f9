package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** The repository has no such blob. */
public final class BlobNotFoundException extends HarbourException {

  private static final long serialVersionUID = 1;

  BlobNotFoundException(String message) {
    super(message);
  }
}
