package io.imageharbour.cli;

import io.imageharbour.indexer.HarbourException;

/** Arguments that are right one by one and make no sense together. */
final class UsageException extends HarbourException {

  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
