package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/** A recipe was written by a later Harbour, in a version that this one cannot read. */
public final class RecipeTooNewException extends HarbourException {

  private static final long serialVersionUID = 1;

  RecipeTooNewException(String source, long version) {
    super(
        "%s has recipe format version %d and this Harbour reads up to %d; upgrade Harbour here"
            .formatted(source, version, RecipeFormat.VERSION));
  }
}
