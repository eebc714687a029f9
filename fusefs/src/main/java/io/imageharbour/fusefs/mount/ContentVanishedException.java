package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** A file disappeared from the CAS again and again between being fetched and being opened. */
final class ContentVanishedException extends HarbourException {

  private static final long serialVersionUID = 1;

  ContentVanishedException(Digest digest) {
    super(
        digest
            + " was fetched, but somebody deleted it before it could be opened, several times;"
            + " stop what cleans the CAS");
  }
}
