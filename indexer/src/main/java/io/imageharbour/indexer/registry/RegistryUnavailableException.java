package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** No host that serves the registry gave a usable answer before the deadline. */
public final class RegistryUnavailableException extends HarbourException {

  private static final long serialVersionUID = 1;

  RegistryUnavailableException(String message) {
    super(message);
  }
}
