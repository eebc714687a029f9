package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.image.IndexImage;

/** An index image was converted without a recipe, so its original can't be made again. */
public final class NoRecipeException extends HarbourException {

  private static final long serialVersionUID = 1;

  NoRecipeException(IndexImage image) {
    super(
        image.repository().name()
            + "@"
            + image.manifest().digest()
            + " was converted without recipes, so its original can't be restored from it; convert"
            + " the original again without --no-recipes, if it is still there ("
            + image.sourceDigest()
            + ")");
  }
}
