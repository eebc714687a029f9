package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.recipe.Archives;
import io.imageharbour.indexer.recipe.ImageRecipe;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;

/**
 * Makes the archives of an image's layers out of its recipe and packs, from the top to the bottom.
 * What is handed on is verified at its end. For one thread.
 */
final class ArchiveMaker implements AutoCloseable {

  private static final int BUFFER = 128 * 1024;

  private final ImageRecipe recipe;
  private final RestoreListener listener;
  private final FrameFetcher frames;
  private final Archives archives;

  ArchiveMaker(ImageRecipe recipe, RestoreListener listener) throws IOException {
    this.recipe = recipe;
    this.listener = listener;
    this.frames = new FrameFetcher(recipe.image().repository(), recipe.contents());
    this.archives = recipe.archives(new PackedContentSource(recipe.contents(), frames));
  }

  /**
   * Writes the archive of a layer; does not close the stream.
   *
   * @param layer 0 for the bottom one; lower than any before
   * @throws RestoreFailedException if it is not the archive that the original had; what was written
   *     is good for nothing then
   */
  void write(int layer, OutputStream out) throws IOException, InterruptedException {
    listener.started(
        "%s layer %d/%d".formatted(recipe.image().platform(), layer + 1, recipe.diffIds().size()),
        recipe.archiveBytes(layer));
    frames.plan(
        recipe.recipe().layers().get(layer).files().stream().map(file -> file.content()).toList());
    MessageDigest sha256 = Digest.newMessageDigest();
    byte[] buffer = new byte[BUFFER];
    try {
      InputStream archive = archives.open(layer);
      for (int read = archive.read(buffer); read >= 0; read = archive.read(buffer)) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        sha256.update(buffer, 0, read);
        out.write(buffer, 0, read);
        listener.advanced(read);
      }
    } catch (EOFException e) {
      throw wrong(layer, "its recipe is cut off: " + e.getMessage());
    }
    Digest made = Digest.fromBytes(sha256.digest());
    if (!made.equals(recipe.diffIds().get(layer))) {
      throw wrong(layer, "it became " + made);
    }
    listener.finished();
  }

  @Override
  public void close() throws IOException {
    try (archives) {
      frames.close();
    }
  }

  private RestoreFailedException wrong(int layer, String problem) {
    return new RestoreFailedException(
        "Layer %s (%d of %d) of %s can't be restored from %s@%s: %s. The recipe or the original's config is wrong; keep the original, if it is still there"
            .formatted(
                recipe.diffIds().get(layer),
                layer + 1,
                recipe.diffIds().size(),
                recipe.image().sourceDigest(),
                recipe.image().repository().name(),
                recipe.image().manifest().digest(),
                problem));
  }
}
