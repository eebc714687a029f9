package io.imageharbour.pool.process;

import io.imageharbour.indexer.HarbourException;

/** The configuration says something that the program does not understand. */
public final class ConfigurationException extends HarbourException {

  private static final long serialVersionUID = 1;

  /** What is wrong, in one line that names the file, the key and what to do. */
  public ConfigurationException(String message) {
    super(message);
  }

  /** The same, with its cause. */
  public ConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
