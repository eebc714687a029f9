package io.imageharbour.cli;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;

/** Standard output can't be written to. */
final class OutputFailedException extends HarbourException {

  private static final long serialVersionUID = 1;

  private final boolean readerGone;

  OutputFailedException(boolean readerGone, IOException cause) {
    super("can't write to standard output: " + cause.getMessage(), cause);
    this.readerGone = readerGone;
  }

  /** Whether that is because nobody reads it any more, which is no error of anybody's. */
  boolean isReaderGone() {
    return readerGone;
  }
}
