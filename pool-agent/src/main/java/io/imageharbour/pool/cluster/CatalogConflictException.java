package io.imageharbour.pool.cluster;

import io.imageharbour.indexer.Digest;

/** Others changed an image of the catalog time and again, just when it was to be changed. */
public final class CatalogConflictException extends Exception {

  private static final long serialVersionUID = 1;

  CatalogConflictException(Digest id, int tries) {
    super("image " + id + " was changed by others each of " + tries + " times; try again later");
  }
}
