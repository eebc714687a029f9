package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.HarbourException;

/** An index that contradicts itself. */
public final class UnusableIndexException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnusableIndexException(String image, String contradiction) {
    super(
        "the index of image \""
            + image
            + "\" can't be used: "
            + contradiction
            + "; convert the image again");
  }
}
