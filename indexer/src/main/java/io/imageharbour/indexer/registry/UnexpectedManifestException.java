package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** What the registry sent as a manifest is too big, or has another digest than was asked for. */
public final class UnexpectedManifestException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnexpectedManifestException(String message) {
    super(message);
  }
}
