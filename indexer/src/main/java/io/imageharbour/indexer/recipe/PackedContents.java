package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedContents;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.pack.PackedFrame;
import java.util.IdentityHashMap;
import java.util.Map;

/** Adds packed files, whose packs are finished, to contents whose places are known. */
public final class PackedContents {

  private final PlacedContents placed;
  private final Map<PackedFrame, PlacedFrame> frames = new IdentityHashMap<>();

  public PackedContents(PlacedContents placed) {
    this.placed = placed;
  }

  /** Adds a file with its packs, unless its content is there. */
  public void add(PackedFile file) {
    if (placed.has(file.digest())) {
      return;
    }
    placed.addContent(
        file.digest(),
        file.size(),
        file.chunks().stream()
            .map(
                chunk ->
                    new PlacedChunk(
                        chunk.digest(),
                        chunk.size(),
                        frames.computeIfAbsent(chunk.frame(), this::frame),
                        chunk.offset()))
            .toList());
  }

  private PlacedFrame frame(PackedFrame frame) {
    placed.addPack(frame.pack().digest(), frame.pack().size());
    return new PlacedFrame(
        frame.pack().digest(), frame.offset(), frame.compressedSize(), frame.size());
  }
}
