package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** A file whose chunks all have their digests, but make up another whole than the index says. */
final class WrongContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  WrongContentException(Digest digest) {
    super(
        "the chunks that the index names do not make up "
            + digest
            + ": the index is wrong or forged, or the disk of the cache damaged; convert the image again, or restart");
  }
}
