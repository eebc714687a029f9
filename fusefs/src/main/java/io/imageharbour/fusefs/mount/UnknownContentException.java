package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** A content that was asked for and that no image of the content store needs. */
final class UnknownContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnknownContentException(Digest digest) {
    super("no image of the content store has " + digest);
  }
}
