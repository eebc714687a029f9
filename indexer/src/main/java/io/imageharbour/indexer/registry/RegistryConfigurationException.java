package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** A hosts.toml, a certificate or Docker's config.json can't be used as it is. */
public final class RegistryConfigurationException extends HarbourException {

  private static final long serialVersionUID = 1;

  RegistryConfigurationException(String message) {
    super(message);
  }
}
