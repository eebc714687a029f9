package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** The repository has no manifest under that tag or digest. */
public final class ManifestNotFoundException extends HarbourException {

  private static final long serialVersionUID = 1;

  ManifestNotFoundException(String message) {
    super(message);
  }
}
