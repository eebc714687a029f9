package io.imageharbour.pool.load;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.pool.memory.Span;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the pool may hold of an image: the chunks that nodes ask for, each once. A file that is not
 * cut into chunks is one. Chunks of more than 1 MiB, which no converter of Harbour makes, are left
 * out: no agent takes them.
 *
 * @param chunks in the order of their frames
 */
public record ImageChunks(List<Chunk> chunks) {

  public ImageChunks {
    chunks = List.copyOf(chunks);
  }

  /** Those of an image. */
  public static ImageChunks of(ImageIndex index) {
    return of(index.contents());
  }

  /** Those of some files of an image. */
  public static ImageChunks of(Collection<FileContent> contents) {
    Map<Digest, Chunk> byDigest = new HashMap<>();
    for (FileContent content : contents) {
      for (Chunk chunk : content.chunks()) {
        if (chunk.size() <= Span.MAX_LENGTH) {
          byDigest.merge(chunk.digest(), chunk, ImageChunks::first);
        }
      }
    }
    return new ImageChunks(
        byDigest.values().stream()
            .sorted(Comparator.comparingInt(Chunk::frame).thenComparingInt(Chunk::offset))
            .toList());
  }

  /** Their names, in the same order. */
  public List<Digest> digests() {
    return chunks.stream().map(Chunk::digest).toList();
  }

  /** Bytes of all of them. */
  public long bytes() {
    return bytes(chunks);
  }

  /** Bytes of some chunks. */
  public static long bytes(Collection<Chunk> some) {
    return some.stream().mapToLong(Chunk::size).sum();
  }

  private static Chunk first(Chunk one, Chunk other) {
    return one.frame() <= other.frame() ? one : other;
  }
}
