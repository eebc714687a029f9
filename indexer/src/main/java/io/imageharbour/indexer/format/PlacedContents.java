package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.StoredContents;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Contents whose places are known, collected in any order. Where the same content or pack is added
 * twice, the first stays. The content without bytes is known from the beginning. Not safe for use
 * by several threads.
 */
public final class PlacedContents {

  private static final Comparator<PlacedFrame> FRAME_ORDER =
      Comparator.comparing(PlacedFrame::pack)
          .thenComparingLong(PlacedFrame::offset)
          .thenComparingInt(PlacedFrame::compressedSize)
          .thenComparingInt(PlacedFrame::size);

  private record PlacedContent(Digest digest, long size, List<PlacedChunk> chunks) {}

  private final Map<Digest, PlacedContent> contents = new HashMap<>();
  private final Map<Digest, Pack> packs = new HashMap<>();

  public PlacedContents() {
    contents.put(Digest.EMPTY, new PlacedContent(Digest.EMPTY, 0, List.of()));
  }

  /** Says how big a pack is that chunks lie in; may come after the contents. */
  public PlacedContents addPack(Digest digest, long size) {
    packs.putIfAbsent(digest, new Pack(digest, size));
    return this;
  }

  /** Says of what a content consists. */
  public PlacedContents addContent(Digest digest, long size, List<PlacedChunk> chunks) {
    contents.putIfAbsent(digest, new PlacedContent(digest, size, List.copyOf(chunks)));
    return this;
  }

  /** Adds contents that have their places, with their packs. */
  public PlacedContents addAll(StoredContents stored) {
    stored.packs().forEach(pack -> addPack(pack.digest(), pack.size()));
    List<PlacedFrame> frames =
        stored.frames().stream()
            .map(
                frame ->
                    new PlacedFrame(
                        stored.packs().get(frame.pack()).digest(),
                        frame.offset(),
                        frame.compressedSize(),
                        frame.size()))
            .toList();
    for (FileContent content : stored.contents()) {
      addContent(
          content.digest(),
          content.size(),
          content.chunks().stream()
              .map(
                  chunk ->
                      new PlacedChunk(
                          chunk.digest(), chunk.size(), frames.get(chunk.frame()), chunk.offset()))
              .toList());
    }
    return this;
  }

  /** Whether a content was added. */
  public boolean has(Digest digest) {
    return contents.containsKey(digest);
  }

  /**
   * The contents with these digests, in their order, with the frames and packs that they need.
   *
   * @param wanted distinct digests
   * @throws InvalidTreeException if one of them was not added, or the pack of one
   */
  public StoredContents select(Collection<Digest> wanted) throws InvalidTreeException {
    List<PlacedContent> used = new ArrayList<>(wanted.size());
    Map<PlacedFrame, Integer> frameNumbers = new HashMap<>();
    for (Digest digest : wanted) {
      PlacedContent content = contents.get(digest);
      if (content == null) {
        throw new InvalidTreeException("a file has the unknown content " + digest);
      }
      used.add(content);
      content.chunks.forEach(chunk -> frameNumbers.put(chunk.frame(), 0));
    }
    List<Frame> frames = new ArrayList<>(frameNumbers.size());
    List<Pack> usedPacks = new ArrayList<>();
    for (PlacedFrame frame : frameNumbers.keySet().stream().sorted(FRAME_ORDER).toList()) {
      if (usedPacks.isEmpty() || !usedPacks.getLast().digest().equals(frame.pack())) {
        Pack pack = packs.get(frame.pack());
        if (pack == null) {
          throw new InvalidTreeException("its contents lie in the unknown pack " + frame.pack());
        }
        usedPacks.add(pack);
      }
      frameNumbers.put(frame, frames.size());
      frames.add(
          new Frame(usedPacks.size() - 1, frame.offset(), frame.compressedSize(), frame.size()));
    }
    List<FileContent> placed = new ArrayList<>(used.size());
    for (PlacedContent content : used) {
      List<Chunk> chunks = new ArrayList<>(content.chunks.size());
      for (PlacedChunk chunk : content.chunks) {
        int frame = frameNumbers.getOrDefault(chunk.frame(), -1);
        chunks.add(new Chunk(chunk.digest(), chunk.size(), frame, chunk.offset()));
      }
      placed.add(new FileContent(content.digest, content.size, chunks));
    }
    return new StoredContents(placed, frames, usedPacks);
  }
}
