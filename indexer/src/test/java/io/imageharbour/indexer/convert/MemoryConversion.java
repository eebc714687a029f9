package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.pack.PackDestination;
import io.imageharbour.indexer.pack.PackLayout;
import io.imageharbour.indexer.pack.PackWriter;
import io.imageharbour.indexer.pack.PackedChunk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  /** Converts an image of these tar archives, the bottom one first. */
  ImageIndex convert(List<byte[]> layers) throws IOException, InterruptedException {
    return convert(layers, Map.of());
  }

  ImageIndex convert(List<byte[]> layers, Map<Digest, PackedChunk> known)
      throws IOException, InterruptedException {
    try (PackWriter writer = new PackWriter(MemoryPack::new, known, layout, 3, jobs)) {
      MergedTree tree = new TreeReader(source(layers), writer).read();
      writer.finishPack();
      return new IndexAssembly("registry.example/image").assemble(tree);
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
