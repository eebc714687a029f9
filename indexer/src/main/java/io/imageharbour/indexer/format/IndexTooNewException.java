package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/**
 * An index was written by a later Harbour, in a version of the format that this one cannot read.
 */
public final class IndexTooNewException extends HarbourException {

  private static final long serialVersionUID = 1;

  IndexTooNewException(String source, long version) {
    super(
        "%s has index format version %d and this Harbour reads up to %d; upgrade Harbour here, or convert the image with this version"
            .formatted(source, version, IndexFormat.VERSION));
  }
}
