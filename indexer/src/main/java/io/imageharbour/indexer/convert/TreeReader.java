package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.LayerNode.Directory;
import io.imageharbour.indexer.convert.LayerNode.Leaf;
import io.imageharbour.indexer.convert.LayerNode.RegularFile;
import io.imageharbour.indexer.convert.LayerTree.PlacedFile;
import io.imageharbour.indexer.layer.LayerStream;
import io.imageharbour.indexer.layer.MalformedLayerException;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import io.imageharbour.indexer.pack.PackWriter;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.recipe.LayerRecorder;
import io.imageharbour.indexer.recipe.RecipeRecorder;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads an image's layers from the top down and packs every file that shows, as it passes by; for a
 * recipe, those that don't show too, into packs of their own. Layers are read once, with one
 * exception: a file that its own layer's path hides, but a hard link further on in the layer shows,
 * is fetched by reading that layer again.
 */
final class TreeReader {

  private final LayerSource layers;
  private final Optional<ImageIndex> base;
  private final PackWriter packs;
  private final Optional<Recording> recording;

  /**
   * What a recipe takes.
   *
   * @param recipe records every layer
   * @param hidden packs the files that do not show
   */
  record Recording(RecipeRecorder recipe, PackWriter hidden) {}

  /**
   * A reader of layers.
   *
   * @param base the index that the bottom layer holds, if the others were built on it; its contents
   *     lie in packs already
   */
  TreeReader(
      LayerSource layers,
      Optional<ImageIndex> base,
      PackWriter packs,
      Optional<Recording> recording) {
    this.layers = layers;
    this.base = base;
    this.packs = packs;
    this.recording = recording;
  }

  /** Something is done with every entry of a layer. */
  @FunctionalInterface
  private interface EntryAction {
    void accept(TarEntry entry, TarReader tar) throws IOException, InterruptedException;
  }

  /**
   * Reads all layers; each has been verified to its last byte when this returns.
   *
   * @return the tree; every file that shows has its content
   */
  MergedTree read() throws IOException, InterruptedException {
    MergedTree tree = new MergedTree();
    TreeHeap heap = new TreeHeap(Long.MAX_VALUE);
    for (int layer = layers.count() - 1; layer >= 0; layer--) {
      if (layer == 0 && base.isPresent()) {
        recordBase();
        tree.addBelow(LayerTree.of(base.get()));
        continue;
      }
      LayerTree unpacked = new LayerTree(layer, heap);
      read(layer, unpacked, tree);
      finish(unpacked, layer);
      tree.addBelow(unpacked);
    }
    packMissing(tree);
    return tree;
  }

  private void read(int number, LayerTree unpacked, MergedTree tree)
      throws IOException, InterruptedException {
    try (LayerStream stream = LayerStream.open(layers.open(number), Long.MAX_VALUE)) {
      Optional<LayerRecorder> recorder = recording.map(it -> it.recipe().begin(stream));
      forEachEntry(
          recorder.isPresent() ? recorder.get() : stream,
          (entry, tar) -> {
            Optional<PlacedFile> shown =
                unpacked.apply(entry).filter(file -> !tree.hides(file.path()));
            if (shown.isPresent()) {
              shown.get().file().setContent(pack(entry, tar, packs, recorder));
            } else if (recording.isPresent() && entry.size() > 0) {
              PackedFile unused = pack(entry, tar, recording.get().hidden(), recorder);
            }
          });
      if (recording.isPresent() && recorder.isPresent()) {
        recording.get().recipe().end(recorder.get());
      }
      stream.finish();
    } catch (MalformedLayerException | UnconvertibleImageException e) {
      throw in(number, e);
    }
  }

  /** Reads the bottom layer for the recipe alone: what it holds is no file of the image. */
  private void recordBase() throws IOException, InterruptedException {
    if (recording.isEmpty()) {
      return;
    }
    try (LayerStream stream = LayerStream.open(layers.open(0), Long.MAX_VALUE)) {
      LayerRecorder recorder = recording.get().recipe().begin(stream);
      forEachEntry(
          recorder,
          (entry, tar) -> {
            PackedFile unused = pack(entry, tar, recording.get().hidden(), Optional.of(recorder));
          });
      recording.get().recipe().end(recorder);
      stream.finish();
    } catch (MalformedLayerException e) {
      throw in(0, e);
    }
  }

  private static PackedFile pack(
      TarEntry entry, TarReader tar, PackWriter writer, Optional<LayerRecorder> recorder)
      throws IOException, InterruptedException {
    if (recorder.isEmpty() || entry.size() == 0) {
      return writer.add(tar.content(), entry.size());
    }
    recorder.get().beginFile();
    PackedFile packed = writer.add(tar.content(), entry.size());
    recorder.get().endFile(packed, tar.extents());
    return packed;
  }

  private void finish(LayerTree unpacked, int number) throws UnconvertibleImageException {
    try {
      unpacked.finish();
    } catch (UnconvertibleImageException e) {
      throw in(number, e);
    }
  }

  private void packMissing(MergedTree tree) throws IOException, InterruptedException {
    Map<Integer, Map<Long, RegularFile>> missing = new TreeMap<>();
    collectMissing(tree.root(), missing);
    for (Map.Entry<Integer, Map<Long, RegularFile>> layer : missing.entrySet()) {
      packSome(layer.getKey(), layer.getValue());
    }
  }

  private void packSome(int layer, Map<Long, RegularFile> files)
      throws IOException, InterruptedException {
    long[] number = {0};
    try (LayerStream stream = LayerStream.open(layers.open(layer), Long.MAX_VALUE)) {
      forEachEntry(
          stream,
          (entry, tar) -> {
            RegularFile file = files.get(number[0]++);
            if (file != null) {
              file.setContent(packs.add(tar.content(), entry.size()));
            }
          });
      stream.finish();
    } catch (MalformedLayerException e) {
      throw in(layer, e);
    }
  }

  private static void collectMissing(
      Directory directory, Map<Integer, Map<Long, RegularFile>> missing) {
    for (LayerNode node : directory.entries().values()) {
      if (node instanceof Directory child) {
        collectMissing(child, missing);
      } else if (node instanceof Leaf leaf
          && leaf.kind() instanceof RegularFile file
          && file.content().isEmpty()) {
        missing
            .computeIfAbsent(file.position().layer(), _ -> new HashMap<>())
            .put(file.position().entry(), file);
      }
    }
  }

  private static void forEachEntry(InputStream archive, EntryAction action)
      throws IOException, InterruptedException {
    TarReader tar = new TarReader(archive);
    for (Optional<TarEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
      action.accept(entry.get(), tar);
    }
  }

  private UnconvertibleImageException in(int number, IOException e) {
    return new UnconvertibleImageException(layers.name(number) + ": " + e.getMessage(), e);
  }
}
