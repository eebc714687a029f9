package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.pack.KnownChunks;
import io.imageharbour.indexer.pack.PackDestination;
import io.imageharbour.indexer.pack.PackLayout;
import io.imageharbour.indexer.pack.PackWriter;
import io.imageharbour.indexer.pack.PackedChunk;
import io.imageharbour.indexer.recipe.Archives;
import io.imageharbour.indexer.recipe.ContentSource;
import io.imageharbour.indexer.recipe.RecipeRecorder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Converts layers that lie in memory into an index and packs that lie there too. */
final class MemoryConversion {

  final Map<Digest, byte[]> packs = new HashMap<>();

  /** How often each layer was opened. */
  final List<Integer> opened = new ArrayList<>();

  private final PackLayout layout;
  private final int jobs;

  MemoryConversion() {
    this(PackLayout.DEFAULT, 2);
  }

  MemoryConversion(PackLayout layout, int jobs) {
    this.layout = layout;
    this.jobs = jobs;
  }

  /** Converts an image of these layers, the bottom one first. */
  static ImageIndex convert(LayerTar... layers) throws IOException, InterruptedException {
    return new MemoryConversion().convert(Arrays.stream(layers).map(LayerTar::toBytes).toList());
  }

  /** Converts an image of these tar archives, the bottom one first. */
  ImageIndex convert(List<byte[]> layers) throws IOException, InterruptedException {
    return convert(layers, Map.of());
  }

  ImageIndex convert(List<byte[]> layers, Map<Digest, PackedChunk> known)
      throws IOException, InterruptedException {
    try (PackWriter writer =
        new PackWriter(MemoryPack::new, KnownChunks.of(known), layout, 3, jobs)) {
      MergedTree tree =
          new TreeReader(source(layers), Optional.empty(), writer, Optional.empty()).read();
      writer.finishPack();
      return new IndexAssembly(List.of("registry.example/image")).assemble(tree);
    }
  }

  /**
   * An image that was converted, and its recipe as bytes.
   *
   * @param blob the recipe as it is in a registry
   */
  record WithRecipe(ImageIndex index, byte[] blob) {}

  /** Converts an image with its recipe, the bottom layer first. */
  WithRecipe convertWithRecipe(List<byte[]> layers) throws IOException, InterruptedException {
    try (PackWriter writer =
            new PackWriter(MemoryPack::new, KnownChunks.of(Map.of()), layout, 3, jobs);
        PackWriter hidden = new PackWriter(MemoryPack::new, writer.added(), layout, 3, 1);
        RecipeRecorder recorder = new RecipeRecorder(Path.of("/tmp"))) {
      MergedTree tree =
          new TreeReader(
                  source(layers),
                  Optional.empty(),
                  writer,
                  Optional.of(new TreeReader.Recording(recorder, hidden)))
              .read();
      writer.finishPack();
      hidden.finishPack();
      ImageIndex index = new IndexAssembly(List.of("registry.example/image")).assemble(tree);
      Recipe recipe =
          recorder.recipe(
              new Recipe.Document("application/json", new byte[] {'{', '}'}),
              new byte[] {'c'},
              Optional.empty(),
              index);
      ByteArrayOutputStream blob = new ByteArrayOutputStream();
      recorder.write(recipe, blob);
      return new WithRecipe(index, blob.toByteArray());
    }
  }

  /** The layers out of the recipe and the packs, the bottom one first. */
  List<byte[]> restore(WithRecipe image) throws IOException {
    ByteArrayOutputStream literals = new ByteArrayOutputStream();
    Recipe recipe = RecipeFormat.read(new ByteArrayInputStream(image.blob()), literals, "a recipe");
    List<byte[]> layers = new ArrayList<>();
    try (Archives archives =
        new Archives(
            recipe.layers(),
            new ByteArrayInputStream(literals.toByteArray()),
            new MemoryContents(image.index(), recipe))) {
      for (int layer = recipe.layers().size() - 1; layer >= 0; layer--) {
        layers.addFirst(archives.open(layer).readAllBytes());
      }
    }
    return layers;
  }

  /** The index of the lower layers, out of the recipe. */
  static ImageIndex lowerLayers(WithRecipe image, int count) throws IOException {
    return lowerLayers(image, count, Long.MAX_VALUE);
  }

  /** The same, where the trees may take so much heap. */
  static ImageIndex lowerLayers(WithRecipe image, int count, long heapBytes) throws IOException {
    Path recipe = Files.createTempFile("recipe", "");
    try {
      Files.write(recipe, image.blob());
      return LowerLayers.index(image.index(), recipe, count, heapBytes);
    } finally {
      Files.delete(recipe);
    }
  }

  /** Contents of the index and the recipe. */
  private final class MemoryContents implements ContentSource {

    private final List<byte[]> contents = new ArrayList<>();

    MemoryContents(ImageIndex index, Recipe recipe) throws IOException {
      for (StoredContents stored : List.of(index.stored(), recipe.hidden())) {
        for (FileContent content : stored.contents()) {
          contents.add(content(stored, content));
        }
      }
    }

    private byte[] content(StoredContents stored, FileContent content) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (Chunk chunk : content.chunks()) {
        Frame frame = stored.frames().get(chunk.frame());
        byte[] pack = packs.get(stored.packs().get(frame.pack()).digest());
        int from = (int) frame.offset();
        byte[] inflated =
            FrameDecoder.decode(
                Arrays.copyOfRange(pack, from, from + frame.compressedSize()), frame.size());
        bytes.write(inflated, chunk.offset(), chunk.size());
      }
      return bytes.toByteArray();
    }

    @Override
    public long size(int content) {
      return contents.get(content).length;
    }

    @Override
    public InputStream open(int content, long offset, long length) {
      return new ByteArrayInputStream(contents.get(content), (int) offset, (int) length);
    }
  }

  private LayerSource source(List<byte[]> layers) {
    return new LayerSource() {
      @Override
      public int count() {
        return layers.size();
      }

      @Override
      public InputStream open(int layer) {
        opened.add(layer);
        return new ByteArrayInputStream(layers.get(layer));
      }

      @Override
      public String name(int layer) {
        return "layer " + layer;
      }
    };
  }

  private final class MemoryPack implements PackDestination.NewPack {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(byte[] part, int offset, int length) {
      bytes.write(part, offset, length);
    }

    @Override
    public Pack commit() {
      Digest digest = Digest.sha256(bytes.toByteArray());
      packs.put(digest, bytes.toByteArray());
      return new Pack(digest, bytes.size());
    }

    @Override
    public void close() {}
  }
}
