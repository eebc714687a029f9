package io.imageharbour.indexer.recipe;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.InvalidTreeException;
import io.imageharbour.indexer.format.PlacedContents;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.recipe.LayerRecorder.RecordedFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Records the layers of one image, from the top to the bottom, and makes its recipe of them.
 * Literal bytes go compressed to a file without a name, so memory holds only a few bytes for each
 * file. For one thread.
 */
public final class RecipeRecorder implements AutoCloseable {

  /** What was recorded of a layer. */
  private record RecordedLayer(List<RecordedFile> files, long tail) {}

  private final NamelessFile file;
  private final OutputStream literals;
  private final List<RecordedLayer> layers = new ArrayList<>();

  /**
   * A recorder that has recorded nothing yet.
   *
   * @param directory for the literal bytes
   */
  public RecipeRecorder(Path directory) throws IOException {
    file = NamelessFile.in(directory, "the recipe of an image");
    literals = new ZstdOutputStreamNoFinalizer(file.out(), RecipeFormat.LEVEL);
  }

  /** Begins the next lower layer. */
  public LayerRecorder begin(InputStream archive) {
    return new LayerRecorder(archive, literals);
  }

  /** Ends a layer: reads what follows its archive, and keeps what was recorded. */
  public void end(LayerRecorder layer) throws IOException {
    layer.transferTo(OutputStream.nullOutputStream());
    long tail = layer.finish();
    layers.add(new RecordedLayer(layer.files(), tail));
  }

  /**
   * Puts the recipe together, when every layer was recorded and every pack is finished.
   *
   * @param index what the layers became
   * @throws InvalidTreeException if a pack is unknown
   */
  public Recipe recipe(Document manifest, byte[] config, Optional<Document> list, ImageIndex index)
      throws IOException {
    literals.close();
    Map<Digest, Integer> numbers = HashMap.newHashMap(index.contents().size());
    for (FileContent content : index.contents()) {
      numbers.put(content.digest(), numbers.size());
    }
    Map<Digest, PackedFile> hidden = new LinkedHashMap<>();
    for (RecordedLayer layer : layers) {
      for (RecordedFile recorded : layer.files()) {
        Digest digest = recorded.content().digest();
        if (numbers.putIfAbsent(digest, numbers.size()) == null) {
          hidden.put(digest, recorded.content());
        }
      }
    }
    return new Recipe(
        manifest,
        config,
        list,
        Recipe.digestOf(index.contents()),
        layers.reversed().stream().map(layer -> recipe(layer, numbers)).toList(),
        place(hidden));
  }

  /** Writes the recipe with the literal bytes; {@link #recipe} has made it. */
  public void write(Recipe recipe, OutputStream out) throws IOException {
    RecipeFormat.write(recipe, file.open(), out);
  }

  private static LayerRecipe recipe(RecordedLayer layer, Map<Digest, Integer> numbers) {
    List<FileRecipe> files = new ArrayList<>(layer.files().size());
    for (RecordedFile file : layer.files()) {
      Integer number = numbers.get(file.content().digest());
      files.add(
          new FileRecipe(
              file.literalBytes(), Objects.requireNonNull(number), file.padded(), file.extents()));
    }
    return new LayerRecipe(files, layer.tail());
  }

  private static StoredContents place(Map<Digest, PackedFile> hidden) throws InvalidTreeException {
    PlacedContents placed = new PlacedContents();
    PackedContents packed = new PackedContents(placed);
    hidden.values().forEach(packed::add);
    return placed.select(hidden.keySet());
  }

  @Override
  public void close() throws IOException {
    try (file) {
      literals.close();
    }
  }
}
