package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.convert.LayerNode.Directory;
import io.imageharbour.indexer.convert.LayerNode.Leaf;
import io.imageharbour.indexer.convert.LayerNode.RegularFile;
import io.imageharbour.indexer.layer.LayerStream;
import io.imageharbour.indexer.layer.MalformedLayerException;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import io.imageharbour.indexer.pack.PackWriter;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads an image's layers from the top down and packs every file that shows, as it passes by.
 * Layers are read once, with one exception: a file that its own layer's path hides, but a hard link
 * further on in the layer shows, is fetched by reading that layer again.
 */
final class TreeReader {

  private final LayerSource layers;
  private final PackWriter packs;

  TreeReader(LayerSource layers, PackWriter packs) {
    this.layers = layers;
    this.packs = packs;
  }

  /** Something is done with every entry of a layer. */
  @FunctionalInterface
  private interface EntryAction {
    void accept(TarEntry entry, InputStream content) throws IOException, InterruptedException;
  }

  /**
   * Reads all layers; each has been verified to its last byte when this returns.
   *
   * @return the tree; every file that shows has its content
   */
  MergedTree read() throws IOException, InterruptedException {
    MergedTree tree = new MergedTree();
    for (int layer = layers.count() - 1; layer >= 0; layer--) {
      LayerTree unpacked = new LayerTree(layer);
      forEachEntry(
          layer,
          (entry, content) -> {
            Optional<LayerTree.PlacedFile> placed = unpacked.apply(entry);
            if (placed.isPresent() && !tree.hides(placed.get().path())) {
              placed.get().file().setContent(packs.add(content, entry.size()));
            }
          });
      finish(unpacked, layer);
      tree.addBelow(unpacked);
    }
    packMissing(tree);
    return tree;
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
      long[] number = {0};
      forEachEntry(
          layer.getKey(),
          (entry, content) -> {
            RegularFile file = layer.getValue().get(number[0]++);
            if (file != null) {
              file.setContent(packs.add(content, entry.size()));
            }
          });
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

  private void forEachEntry(int number, EntryAction action)
      throws IOException, InterruptedException {
    try (LayerStream stream = LayerStream.open(layers.open(number), Long.MAX_VALUE)) {
      TarReader tar = new TarReader(stream);
      for (Optional<TarEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
        action.accept(entry.get(), tar.content());
      }
      stream.finish();
    } catch (MalformedLayerException | UnconvertibleImageException e) {
      throw in(number, e);
    }
  }

  private UnconvertibleImageException in(int number, IOException e) {
    return new UnconvertibleImageException(layers.name(number) + ": " + e.getMessage(), e);
  }
}
