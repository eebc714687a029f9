package io.imageharbour.testbed.guest;

import io.imageharbour.indexer.HarbourException;

/**
 * Processors of the guest got stuck in its kernel, for which nothing that runs there is to blame.
 */
final class GuestLockedUpException extends HarbourException {

  private static final long serialVersionUID = 1;

  GuestLockedUpException(String message) {
    super(message);
  }
}
