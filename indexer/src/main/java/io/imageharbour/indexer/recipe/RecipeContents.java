package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.Extent;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.CorruptRecipeException;
import io.imageharbour.indexer.format.PlacedContents;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The contents that a recipe names by numbers: those of its index, and then the hidden ones. */
public final class RecipeContents {

  private RecipeContents() {}

  /**
   * Puts them together.
   *
   * @param source where the recipe comes from, for messages
   * @throws CorruptRecipeException if the recipe belongs to another index, or names contents that
   *     neither has
   */
  public static StoredContents of(ImageIndex index, Recipe recipe, String source)
      throws HarbourException {
    if (!recipe.indexContents().equals(Recipe.digestOf(index.contents()))) {
      throw new CorruptRecipeException(source, "it belongs to another index");
    }
    Set<Digest> digests = new LinkedHashSet<>();
    index.contents().forEach(content -> digests.add(content.digest()));
    for (FileContent content : recipe.hidden().contents()) {
      if (!digests.add(content.digest())) {
        throw new CorruptRecipeException(
            source, "the index has the content " + content.digest() + " as well");
      }
    }
    StoredContents contents =
        new PlacedContents().addAll(index.stored()).addAll(recipe.hidden()).select(digests);
    checkFiles(recipe, contents, source);
    return contents;
  }

  private static void checkFiles(Recipe recipe, StoredContents contents, String source)
      throws CorruptRecipeException {
    int count = contents.contents().size();
    for (LayerRecipe layer : recipe.layers()) {
      for (FileRecipe file : layer.files()) {
        if (file.content() >= count) {
          throw new CorruptRecipeException(
              source, "it refers to content %d of %d".formatted(file.content(), count));
        }
        long size = contents.contents().get(file.content()).size();
        List<Extent> extents = file.extents();
        if (!extents.isEmpty() && extents.getLast().end() > size) {
          throw new CorruptRecipeException(source, "an extent ends after its content");
        }
      }
    }
  }
}
