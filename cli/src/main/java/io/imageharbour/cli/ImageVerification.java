package io.imageharbour.cli;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.CorruptRecipeException;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.PackVerification;
import io.imageharbour.indexer.image.PackVerifier;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.UnexpectedBlobDigestException;
import io.imageharbour.indexer.restore.RecipeVerifier;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What checking an index image found.
 *
 * @param packs that the index and the recipe refer to
 * @param hasRecipe whether it has a recipe at all
 * @param recipeProblems why the original can't be restored
 */
record ImageVerification(PackVerification packs, boolean hasRecipe, List<String> recipeProblems) {

  ImageVerification {
    recipeProblems = List.copyOf(recipeProblems);
  }

  /** Checks an image whole. */
  static ImageVerification of(IndexImage image, Progress progress)
      throws IOException, InterruptedException {
    if (image.recipe().isEmpty()) {
      return new ImageVerification(
          packs(image, image.index().stored(), progress), false, List.of());
    }
    try (ImageRecipe recipe = ImageRecipe.open(image)) {
      PackVerification packs = packs(image, recipe.contents(), progress);
      // with damaged packs it is known already, and where
      return new ImageVerification(
          packs,
          true,
          packs.isSound()
              ? new RecipeVerifier(new RestoreProgress(progress)).problems(recipe)
              : List.of());
    } catch (CorruptRecipeException | BlobNotFoundException | UnexpectedBlobDigestException e) {
      return new ImageVerification(
          packs(image, image.index().stored(), progress),
          true,
          List.of(String.valueOf(e.getMessage())));
    }
  }

  /** Whether nothing is wrong. */
  boolean isSound() {
    return packs.isSound() && recipeProblems.isEmpty();
  }

  /** Whether the original was made again. */
  boolean isRestorable() {
    return hasRecipe && isSound();
  }

  /** One line for each problem. */
  List<String> problems() {
    List<String> all = new ArrayList<>(packs.problems());
    all.addAll(recipeProblems);
    return all;
  }

  private static PackVerification packs(
      IndexImage image, StoredContents contents, Progress progress)
      throws IOException, InterruptedException {
    return new PackVerifier(new PackProgress(progress, image.platform(), contents.packs().size()))
        .verify(image.repository(), contents);
  }

  /** One piece of work for each pack. */
  private static final class PackProgress implements PackVerifier.Listener {

    private final Progress.Stage stage;
    private final Platform platform;
    private final int packs;
    private int started;

    PackProgress(Progress progress, Platform platform, int packs) {
      this.stage = progress.stage(Unit.BYTES);
      this.platform = platform;
      this.packs = packs;
    }

    @Override
    public void started(Digest pack, long bytes) {
      started++;
      stage.start(platform + " pack " + started + "/" + packs, bytes);
    }

    @Override
    public void advanced(long bytes) {
      stage.advance(bytes);
    }

    @Override
    public void finished(Digest pack) {
      stage.finish();
    }
  }
}
