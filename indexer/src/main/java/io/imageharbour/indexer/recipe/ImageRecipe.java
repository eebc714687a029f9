package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.CorruptRecipeException;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.IndexImage.StoredRecipe;
import io.imageharbour.indexer.registry.Manifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * The recipe of an index image, fetched and checked: it belongs to this image and its index, and
 * names no content that neither of them has. Its literal bytes lie in a file without a name, in the
 * directory that the registry client has for such things. For one thread.
 */
public final class ImageRecipe implements AutoCloseable {

  private final IndexImage image;
  private final Recipe recipe;
  private final StoredContents contents;
  private final NamelessFile literals;
  private final List<Descriptor> layers;
  private final List<Digest> diffIds;

  private ImageRecipe(
      IndexImage image,
      Recipe recipe,
      StoredContents contents,
      NamelessFile literals,
      List<Descriptor> layers,
      List<Digest> diffIds) {
    this.image = image;
    this.recipe = recipe;
    this.contents = contents;
    this.literals = literals;
    this.layers = layers;
    this.diffIds = diffIds;
  }

  /**
   * Fetches the recipe of an image.
   *
   * @throws NoRecipeException if the image was converted without one
   * @throws CorruptRecipeException if it is damaged, or belongs to another image
   * @throws io.imageharbour.indexer.registry.BlobNotFoundException if it is missing
   */
  public static ImageRecipe open(IndexImage image) throws IOException, InterruptedException {
    StoredRecipe stored = image.recipe().orElseThrow(() -> new NoRecipeException(image));
    NamelessFile literals =
        NamelessFile.in(image.repository().temporaryDirectory(), "the recipe of an image");
    try {
      Recipe recipe = fetch(image, stored, literals.out());
      return bound(image, recipe, literals, name(image, stored));
    } catch (IOException | InterruptedException | RuntimeException e) {
      literals.close();
      throw e;
    }
  }

  /** Fetches a recipe for its contents alone; which image it belongs to is not checked. */
  public static Recipe read(IndexImage image) throws IOException, InterruptedException {
    StoredRecipe stored = image.recipe().orElseThrow(() -> new NoRecipeException(image));
    return fetch(image, stored, OutputStream.nullOutputStream());
  }

  /** The image that it belongs to. */
  public IndexImage image() {
    return image;
  }

  /** The recipe itself. */
  public Recipe recipe() {
    return recipe;
  }

  /**
   * All contents by the numbers that the recipe has for them: those of the index, and then the
   * hidden ones.
   */
  public StoredContents contents() {
    return contents;
  }

  /** Streams a content from its packs, as {@link IndexImage#openContent} does. */
  public InputStream openContent(int content) {
    return image.openContent(contents, contents.contents().get(content));
  }

  /** The layers as the original's manifest lists them, from the bottom to the top. */
  public List<Descriptor> layers() {
    return layers;
  }

  /** Digests of the archives, from the bottom to the top, as the original's config has them. */
  public List<Digest> diffIds() {
    return diffIds;
  }

  /** Length of a layer's archive in bytes. */
  public long archiveBytes(int layer) {
    LayerRecipe archive = recipe.layers().get(layer);
    long bytes = archive.literalBytes();
    for (FileRecipe file : archive.files()) {
      long stored = file.storedBytes(contents.contents().get(file.content()).size());
      bytes += stored + file.padding(stored);
    }
    return bytes;
  }

  /** The archives, to be opened from the top to the bottom. */
  public Archives archives(ContentSource source) throws IOException {
    return new Archives(recipe.layers(), literals(), source);
  }

  /** The literal bytes as the recipe has them: of all layers, compressed. */
  public InputStream literals() {
    return literals.open();
  }

  @Override
  public void close() throws IOException {
    literals.close();
  }

  private static Recipe fetch(IndexImage image, StoredRecipe stored, OutputStream literals)
      throws IOException, InterruptedException {
    try (InputStream blob = image.repository().openBlob(stored.digest(), stored.size())) {
      return RecipeFormat.read(blob, literals, name(image, stored));
    }
  }

  private static ImageRecipe bound(
      IndexImage image, Recipe recipe, NamelessFile literals, String name) throws IOException {
    if (!recipe.manifest().digest().equals(image.sourceDigest())) {
      throw new CorruptRecipeException(
          name, "it is of " + recipe.manifest().digest() + ", not of " + image.sourceDigest());
    }
    ImageReader reader = new ImageReader(image.repository());
    Manifest manifest =
        new Manifest(
            recipe.manifest().digest(), recipe.manifest().mediaType(), recipe.manifest().bytes());
    if (!(reader.parse(manifest) instanceof ImageManifest original)
        || !original.config().digest().equals(Digest.sha256(recipe.config()))) {
      throw new CorruptRecipeException(name, "its config is not that of its manifest");
    }
    List<Digest> diffIds = reader.diffIds(original, reader.config(recipe.config()));
    if (diffIds.size() != recipe.layers().size()) {
      throw new CorruptRecipeException(
          name,
          "it has %d layers, its manifest %d".formatted(recipe.layers().size(), diffIds.size()));
    }
    StoredContents contents = RecipeContents.of(image.index(), recipe, name);
    return new ImageRecipe(image, recipe, contents, literals, original.layers(), diffIds);
  }

  private static String name(IndexImage image, StoredRecipe stored) {
    return "The recipe " + stored.digest() + " of " + image.repository().name();
  }
}
