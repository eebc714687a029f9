package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** All chunks of a file are here, but it could not be moved into the CAS. */
final class NotAdoptedException extends HarbourException {

  private static final long serialVersionUID = 1;

  NotAdoptedException(Digest digest, Throwable cause) {
    super(digest + " is here, but can't be moved into the CAS: " + cause.getMessage(), cause);
  }
}
