package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** What the registry sent as a blob has another digest or size than was asked for. */
public final class UnexpectedBlobDigestException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnexpectedBlobDigestException(String message) {
    super(message);
  }
}
