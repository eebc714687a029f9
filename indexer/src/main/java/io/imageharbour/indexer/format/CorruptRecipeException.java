package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/** A recipe is truncated, damaged, or says something that no archive can mean. */
public final class CorruptRecipeException extends HarbourException {

  private static final long serialVersionUID = 1;

  /**
   * With what is wrong.
   *
   * @param source what was read, for messages
   * @param reason to be made part of a sentence
   */
  public CorruptRecipeException(String source, String reason) {
    super(
        source
            + " is a corrupt recipe: "
            + reason
            + "; the original can't be restored with it. If it is still there, convert it again");
  }
}
