package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/** What was to become a recipe breaks one of its rules or limits. */
public final class InvalidRecipeException extends HarbourException {

  private static final long serialVersionUID = 1;

  InvalidRecipeException(String reason) {
    super("no recipe can hold this image: " + reason + "; convert it without recipes");
  }
}
