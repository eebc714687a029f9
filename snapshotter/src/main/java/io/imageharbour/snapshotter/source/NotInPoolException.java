package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** The pool does not have a chunk, which is nothing to worry about. */
final class NotInPoolException extends HarbourException {

  private static final long serialVersionUID = 1;

  NotInPoolException(Digest digest) {
    super("the pool does not have " + digest);
  }

  /** It happens with every new image, and nobody looks where. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
