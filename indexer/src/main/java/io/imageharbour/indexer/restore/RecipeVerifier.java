package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.format.CorruptRecipeException;
import io.imageharbour.indexer.image.CorruptContentException;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Shows that an original can be restored, by making every layer and comparing its digest; nothing
 * is pushed. Safe for use by several threads if its listener is.
 */
public final class RecipeVerifier {

  private final RestoreListener listener;

  public RecipeVerifier(RestoreListener listener) {
    this.listener = listener;
  }

  /**
   * What is wrong, one line each, fit for people: none if the original can be restored. After a
   * layer that can't be made nothing more is tried.
   *
   * @throws IOException if the registry can't be read
   */
  public List<String> problems(ImageRecipe recipe) throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    try (ArchiveMaker archives = new ArchiveMaker(recipe, listener)) {
      for (int layer = recipe.layers().size() - 1; layer >= 0; layer--) {
        archives.write(layer, OutputStream.nullOutputStream());
      }
    } catch (RestoreFailedException
        | CorruptContentException
        | CorruptRecipeException
        | BlobNotFoundException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    return problems;
  }
}
