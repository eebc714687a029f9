package io.imageharbour.fusefs.cas;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** A content has another size than an index says: that index lies, or is damaged. */
public final class WrongSizeException extends HarbourException {

  private static final long serialVersionUID = 1;

  WrongSizeException(Digest digest, long expected, long actual) {
    super(
        "the index says that %s has %d bytes, but it has %d; convert the image again"
            .formatted(digest, expected, actual));
  }
}
