package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/** What was opened as an index is something else. */
public final class NotAnIndexException extends HarbourException {

  private static final long serialVersionUID = 1;

  NotAnIndexException(String source, String reason) {
    super(
        source
            + " is not a Harbour index: "
            + reason
            + "; check that the reference names a converted image");
  }
}
