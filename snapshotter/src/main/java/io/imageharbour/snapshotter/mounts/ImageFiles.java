package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.convert.LowerLayers;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.recipe.RecipeContents;
import io.imageharbour.snapshotter.source.AttachedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The files that an attached snapshot has of its whole image. All snapshots of one image have the
 * same ones, as hard links, so the last that is removed takes them away.
 *
 * @param index of the whole image
 * @param recipe of the whole image
 * @param layers the chain IDs of the image's layers, the bottom one first, a line for each
 */
record ImageFiles(Path index, Path recipe, Path layers) {

  /** An entry has at least 512 literal bytes, and some 80 in an index. */
  private static final int LITERAL_BYTES_PER_INDEX_BYTE = 8;

  /** Fetches them. */
  void fetch(AttachedImage image) throws IOException, InterruptedException {
    image.save(index, recipe);
    Files.write(layers, image.chainIds().stream().map(Digest::toString).toList());
    for (Path file : List.of(index, recipe, layers)) {
      IndexSnapshots.sync(file);
    }
  }

  /** What reading the index and the recipe takes, as the size of an index in bytes. */
  long size() throws IOException {
    return Files.size(index) + RecipeFormat.headBytes(recipe);
  }

  /** What making the tree of any lower layers takes, as the size of an index in bytes. */
  long treeSize() throws IOException {
    return treeSize(RecipeFormat.read(recipe, OutputStream.nullOutputStream()));
  }

  private long treeSize(Recipe read) throws IOException {
    // the tree of all layers is the index's
    List<LayerRecipe> lower = read.layers().subList(0, read.layers().size() - 1);
    long literals = lower.stream().mapToLong(LayerRecipe::literalBytes).sum();
    return size() + literals / LITERAL_BYTES_PER_INDEX_BYTE;
  }

  /**
   * Reads all of them, as making the tree of any of the layers will.
   *
   * @param manifest digest of the image's manifest
   * @return {@link #treeSize}
   * @throws IOException if the index or the recipe can't be used, or they don't belong together or
   *     to the image
   */
  long check(Digest manifest) throws IOException {
    Recipe read = RecipeFormat.read(recipe, OutputStream.nullOutputStream());
    RecipeContents.of(IndexFormat.read(index), read, recipe.toString());
    if (!read.manifest().digest().equals(manifest)) {
      throw new HarbourException("the recipe beside the image is of " + read.manifest().digest());
    }
    int layers = chainIds().size();
    if (read.layers().size() != layers) {
      throw new HarbourException(
          "the image has %d layers, and the recipe beside it %d"
              .formatted(layers, read.layers().size()));
    }
    return treeSize(read);
  }

  /** Makes them links to those of another snapshot. */
  void link(ImageFiles other) throws IOException {
    Files.createLink(index, other.index);
    Files.createLink(recipe, other.recipe);
    Files.createLink(layers, other.layers);
  }

  /**
   * The index of the image's lowest layers, so many of them.
   *
   * @param size the {@link #treeSize} that there is memory for
   */
  ImageIndex indexOf(int count, long size) throws IOException {
    return LowerLayers.index(
        IndexFormat.read(index), recipe, count, size * IndexMemory.HEAP_PER_INDEX_BYTE);
  }

  /** The chain IDs of the image's layers, the bottom one first. */
  List<Digest> chainIds() throws IOException {
    List<Digest> ids = new ArrayList<>();
    for (String line : Files.readAllLines(layers)) {
      try {
        ids.add(Digest.parse(line));
      } catch (IllegalArgumentException e) {
        throw new IOException(layers + " is damaged: " + e.getMessage(), e);
      }
    }
    return ids;
  }
}
