package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.HarbourException;

/** A file was closed before it was read: it is read in another way now, or the mount ends. */
final class ClosedContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  ClosedContentException(String file) {
    super(file + " is closed: harbourd is being stopped");
  }
}
