package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** The registry understood the request and will not carry it out. */
public class RegistryRefusedException extends HarbourException {

  private static final long serialVersionUID = 1;

  RegistryRefusedException(String message) {
    super(message);
  }
}
