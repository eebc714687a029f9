package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.HarbourException;

/** A file that no image needs any more, opened by somebody who still has its node. */
final class StaleNodeException extends HarbourException {

  private static final long serialVersionUID = 1;

  StaleNodeException(long row) {
    super("no image needs the content of row " + row + " any more");
  }
}
