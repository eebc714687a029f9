package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.StoredContents;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The rules of contents, chunks, frames and packs. */
final class ContentRules {

  private final List<FileContent> contents;
  private final List<Frame> frames;
  private final List<Pack> packs;

  ContentRules(StoredContents stored) {
    this.contents = stored.contents();
    this.frames = stored.frames();
    this.packs = stored.packs();
  }

  void check() throws BrokenRuleException {
    checkPacks();
    checkFrames();
    checkContents();
  }

  private void checkPacks() throws BrokenRuleException {
    require(packs.size() <= Limits.PACKS, "it has more than %d packs", Limits.PACKS);
    for (int i = 0; i < packs.size(); i++) {
      Pack pack = packs.get(i);
      require(pack.size() > 0, "pack %s has %d bytes", pack.digest(), pack.size());
      require(
          i == 0 || packs.get(i - 1).digest().compareTo(pack.digest()) < 0,
          "packs are not in strictly ascending order of their digests");
    }
  }

  private void checkFrames() throws BrokenRuleException {
    int pack = -1;
    long end = 0;
    for (int i = 0; i < frames.size(); i++) {
      Frame frame = frames.get(i);
      if (frame.pack() == pack + 1 && frame.pack() < packs.size()) {
        pack++;
        end = 0;
      }
      require(
          frame.pack() == pack,
          "frame %d lies in pack %d of %d, out of order",
          i,
          frame.pack(),
          packs.size());
      require(
          frame.size() >= 1 && frame.size() <= Frame.MAX_SIZE,
          "frame %d inflates to %d bytes, not 1 to %d",
          i,
          frame.size(),
          Frame.MAX_SIZE);
      require(
          frame.compressedSize() >= 1 && frame.compressedSize() <= Frame.MAX_COMPRESSED_SIZE,
          "frame %d has %d bytes, not 1 to %d",
          i,
          frame.compressedSize(),
          Frame.MAX_COMPRESSED_SIZE);
      require(frame.offset() >= end, "frame %d begins before the end of the one before it", i);
      require(
          frame.offset() <= packs.get(pack).size() - frame.compressedSize(),
          "frame %d ends after its pack",
          i);
      end = frame.offset() + frame.compressedSize();
    }
    require(pack == packs.size() - 1, "pack %d is referred to by no frame", pack + 1);
  }

  private void checkContents() throws BrokenRuleException {
    Set<Digest> digests = HashSet.newHashSet(contents.size());
    BitSet used = new BitSet(frames.size());
    long chunks = 0;
    for (FileContent content : contents) {
      if (!digests.add(content.digest())) {
        throw new BrokenRuleException("content %s appears twice", content.digest());
      }
      chunks += content.chunks().size();
      if (chunks > Limits.CHUNKS) {
        throw new BrokenRuleException("it has more than %d chunks", Limits.CHUNKS);
      }
      checkChunks(content, used);
    }
    require(
        used.cardinality() == frames.size(),
        "%d of its %d frames are referred to by no chunk",
        frames.size() - used.cardinality(),
        frames.size());
    checkOverlaps();
  }

  /**
   * Chunks of a frame are the same or disjoint: otherwise one frame could take as long to verify as
   * the index has chunks.
   */
  private void checkOverlaps() throws BrokenRuleException {
    Chunk[] sorted =
        contents.stream().flatMap(content -> content.chunks().stream()).toArray(Chunk[]::new);
    Arrays.sort(sorted, Comparator.comparingInt(Chunk::frame).thenComparingInt(Chunk::offset));
    for (int i = 1; i < sorted.length; i++) {
      Chunk before = sorted[i - 1];
      Chunk chunk = sorted[i];
      if (chunk.frame() == before.frame()
          && chunk.offset() < before.offset() + before.size()
          && !chunk.equals(before)) {
        throw new BrokenRuleException("chunks of frame %d overlap", chunk.frame());
      }
    }
  }

  private void checkChunks(FileContent content, BitSet used) throws BrokenRuleException {
    Digest digest = content.digest();
    if (digest.equals(Digest.EMPTY) != (content.size() == 0)) {
      throw new BrokenRuleException("content %s cannot have %d bytes", digest, content.size());
    }
    long size = 0;
    for (Chunk chunk : content.chunks()) {
      if (chunk.frame() < 0 || chunk.frame() >= frames.size()) {
        throw new BrokenRuleException(
            "content %s refers to frame %d of %d", digest, chunk.frame(), frames.size());
      }
      if (chunk.size() < 1
          || chunk.offset() < 0
          || chunk.offset() > frames.get(chunk.frame()).size() - chunk.size()) {
        throw new BrokenRuleException("a chunk of content %s lies outside its frame", digest);
      }
      used.set(chunk.frame());
      size += chunk.size();
    }
    if (size != content.size()) {
      throw new BrokenRuleException(
          "content %s has %d bytes and its chunks %d", digest, content.size(), size);
    }
    if (content.chunks().size() == 1 && !content.chunks().getFirst().digest().equals(digest)) {
      throw new BrokenRuleException("content %s has one chunk of another digest", digest);
    }
  }
}
