package io.imageharbour.testbed.guest;

import io.imageharbour.indexer.HarbourException;

/**
 * Emulation went wrong in a way for which nothing that runs in the guest is to blame: processors
 * got stuck in its kernel, or its clock runs too fast.
 */
final class BadEmulationException extends HarbourException {

  private static final long serialVersionUID = 1;

  BadEmulationException(String message) {
    super(message);
  }
}
