package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;

/**
 * A program ended with another exit code than 0, or took too long; the message ends with what it
 * said.
 */
public final class CommandFailedException extends HarbourException {

  private static final long serialVersionUID = 1;

  CommandFailedException(String message) {
    super(message);
  }

  CommandFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
