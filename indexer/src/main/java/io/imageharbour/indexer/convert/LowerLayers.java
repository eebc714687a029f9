package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.convert.LayerTree.PlacedFile;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.layer.MalformedLayerException;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.recipe.ArchiveStream;
import io.imageharbour.indexer.recipe.Archives;
import io.imageharbour.indexer.recipe.ContentSource;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.recipe.RecipeContents;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The trees that the lower layers of a converted image show, out of its recipe: what converting an
 * image of only these layers would make, with contents where the packs have them, also those that
 * layers above hide. No content of a file is fetched. For one thread.
 */
public final class LowerLayers {

  /** Where the index of a bottom layer is read from that holds one. */
  @FunctionalInterface
  interface ContentOpener {
    InputStream open(int content) throws IOException;
  }

  private final Recipe recipe;
  private final StoredContents contents;
  private final List<PackedFile> files;
  private final InputStream literals;
  private final ContentOpener opener;
  private final Set<String> origins;

  /**
   * The layers of an image.
   *
   * @param literals as the recipe has them; closed with the archives
   */
  LowerLayers(
      Recipe recipe,
      StoredContents contents,
      InputStream literals,
      ContentOpener opener,
      List<String> origins) {
    this.recipe = recipe;
    this.contents = contents;
    this.files = StoredFiles.of(contents);
    this.literals = literals;
    this.opener = opener;
    this.origins = new LinkedHashSet<>(origins);
  }

  /**
   * The index of an image's lower layers.
   *
   * @param count how many of the layers, from the bottom; 0 to all
   * @throws UnconvertibleImageException if the recipe's archives are not those of an image that was
   *     converted
   * @throws io.imageharbour.indexer.HarbourException if the recipe is damaged
   */
  public static ImageIndex index(ImageRecipe recipe, int count)
      throws IOException, InterruptedException {
    return new LowerLayers(
            recipe.recipe(),
            recipe.contents(),
            recipe.literals(),
            recipe::openContent,
            recipe.image().index().origins())
        .index(count);
  }

  /**
   * The index of an image's lower layers, out of files that were fetched before.
   *
   * @param image the index of the whole image
   * @param recipe the file of its recipe
   * @param count how many of the layers, from the bottom; 0 to all
   * @param heapBytes how much heap the trees of these layers may take, roughly
   * @throws UnconvertibleImageException if the recipe's archives are not those of an image that was
   *     converted, they take more heap, or the image was built on an index image
   * @throws io.imageharbour.indexer.HarbourException if the recipe is damaged
   */
  public static ImageIndex index(ImageIndex image, Path recipe, int count, long heapBytes)
      throws IOException {
    Recipe read = RecipeFormat.read(recipe, OutputStream.nullOutputStream());
    StoredContents contents = RecipeContents.of(image, read, recipe.toString());
    try (InputStream literals = RecipeFormat.openLiterals(recipe)) {
      return new LowerLayers(
              read,
              contents,
              literals,
              _ -> {
                throw wrong("the bottom layer holds an index");
              },
              image.origins())
          .index(count, heapBytes);
    }
  }

  ImageIndex index(int count) throws IOException {
    return index(count, Long.MAX_VALUE);
  }

  private ImageIndex index(int count, long heapBytes) throws IOException {
    if (count < 0 || count > recipe.layers().size()) {
      throw wrong(count + " layers of " + recipe.layers().size() + " were asked for");
    }
    MergedTree tree = new MergedTree();
    TreeHeap heap = new TreeHeap(heapBytes);
    try (Archives archives = new Archives(recipe.layers(), literals, new Unread())) {
      for (int layer = count - 1; layer >= 0; layer--) {
        tree.addBelow(unpacked(new LayerTree(layer, heap), layer, archives.open(layer)));
      }
    } catch (EOFException e) {
      throw wrong("it is cut off: " + e.getMessage());
    }
    return new IndexAssembly(List.copyOf(origins)).assemble(tree);
  }

  private LayerTree unpacked(LayerTree unpacked, int layer, ArchiveStream archive)
      throws IOException {
    try {
      TarReader tar = new TarReader(archive);
      boolean beginsAsIndexLayer = false;
      boolean first = layer == 0;
      for (Optional<TarEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
        beginsAsIndexLayer |= first && BaseIndex.begins(entry.get());
        first = false;
        if (beginsAsIndexLayer && BaseIndex.isIndex(entry.get()) && entry.get().size() > 0) {
          return base(content(entry.get(), tar, archive));
        }
        Optional<PlacedFile> placed = unpacked.apply(entry.get());
        if (placed.isPresent()) {
          placed.get().file().setContent(file(entry.get(), tar, archive));
        }
      }
    } catch (MalformedLayerException e) {
      throw wrong("layer " + layer + ": " + e.getMessage());
    }
    unpacked.finish();
    return unpacked;
  }

  private PackedFile file(TarEntry entry, TarReader tar, ArchiveStream archive)
      throws UnconvertibleImageException {
    return entry.size() == 0
        ? new PackedFile(Digest.EMPTY, 0, List.of())
        : files.get(content(entry, tar, archive));
  }

  /** The number of the content that stands in the archive for this entry. */
  private int content(TarEntry entry, TarReader tar, ArchiveStream archive)
      throws UnconvertibleImageException {
    FileRecipe file =
        archive
            .fileHere()
            .orElseThrow(() -> new UnconvertibleImageException(entry, "its recipe lacks it"));
    FileContent content = contents.contents().get(file.content());
    if (content.size() != entry.size() || !file.extents().equals(tar.extents())) {
      throw new UnconvertibleImageException(entry, "its recipe has another file there");
    }
    return file.content();
  }

  private LayerTree base(int content) throws IOException {
    try (InputStream stream = opener.open(content)) {
      ImageIndex index = IndexFormat.read(stream, "the index in the bottom layer");
      origins.addAll(index.origins());
      return LayerTree.of(index);
    }
  }

  private static UnconvertibleImageException wrong(String problem) {
    return new UnconvertibleImageException(
        "The recipe can't be read as the layers that it was made of: " + problem);
  }

  /** Contents that nobody needs to see. */
  private final class Unread implements ContentSource {

    @Override
    public long size(int content) {
      return contents.contents().get(content).size();
    }

    @Override
    public InputStream open(int content, long offset, long length) {
      return new InputStream() {
        @Override
        public int read() {
          return 0;
        }

        @Override
        public int read(byte[] bytes, int from, int count) {
          return count;
        }

        @Override
        public long skip(long count) {
          return count;
        }
      };
    }
  }
}
