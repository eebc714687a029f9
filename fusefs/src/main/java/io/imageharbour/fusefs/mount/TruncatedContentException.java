package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.HarbourException;

/** A file that was whole when it was opened has become shorter: somebody changed it. */
final class TruncatedContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  TruncatedContentException(String file) {
    super(file + " became shorter while it was open; delete it, and it will be fetched again");
  }
}
