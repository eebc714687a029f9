package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.convert.LowerLayers;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.recipe.RecipeContents;
import io.imageharbour.snapshotter.source.AttachedImage;
import java.io.IOException;
import java.io.InputStream;
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

  /** Fetches them. */
  void fetch(AttachedImage image) throws IOException, InterruptedException {
    image.save(index, recipe);
    Files.write(layers, image.chainIds().stream().map(Digest::toString).toList());
    for (Path file : List.of(index, recipe, layers)) {
      IndexSnapshots.sync(file);
    }
  }

  /** Size of the index and the recipe in bytes. */
  long size() throws IOException {
    return Files.size(index) + Files.size(recipe);
  }

  /**
   * Reads all of them, as making the tree of any of the layers will.
   *
   * @param manifest digest of the image's manifest
   * @throws IOException if the index or the recipe can't be used, or they don't belong together or
   *     to the image
   */
  void check(Digest manifest) throws IOException {
    try (InputStream file = Files.newInputStream(recipe)) {
      Recipe read = RecipeFormat.read(file, OutputStream.nullOutputStream(), recipe.toString());
      RecipeContents.of(IndexFormat.read(index), read, recipe.toString());
      if (!read.manifest().digest().equals(manifest)) {
        throw new HarbourException("the recipe beside the image is of " + read.manifest().digest());
      }
      if (read.layers().size() != chainIds().size()) {
        throw new HarbourException(
            "the image has %d layers, and the recipe beside it %d"
                .formatted(chainIds().size(), read.layers().size()));
      }
    }
  }

  /** Makes them links to those of another snapshot. */
  void link(ImageFiles other) throws IOException {
    Files.createLink(index, other.index);
    Files.createLink(recipe, other.recipe);
    Files.createLink(layers, other.layers);
  }

  /** The index of the image's lowest layers, so many of them. */
  ImageIndex indexOf(int count) throws IOException {
    try (InputStream file = Files.newInputStream(recipe)) {
      return LowerLayers.index(IndexFormat.read(index), file, recipe.toString(), count);
    }
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
