package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** A content that was asked for and that its image does not have, or is gone with it. */
final class UnknownContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnknownContentException(String image, Digest digest) {
    super("the content store knows no image \"" + image + "\" that has " + digest);
  }
}
