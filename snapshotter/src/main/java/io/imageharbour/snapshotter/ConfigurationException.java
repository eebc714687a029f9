package io.imageharbour.snapshotter;

import io.imageharbour.indexer.HarbourException;

/** The configuration says something that harbourd does not understand. */
public final class ConfigurationException extends HarbourException {

  private static final long serialVersionUID = 1;

  ConfigurationException(String message) {
    super(message);
  }

  ConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
