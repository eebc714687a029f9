package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.util.List;

/**
 * Where a frame lies, and which chunks are known to be in it.
 *
 * @param pack the blob that holds the frame
 * @param packSize length of that blob in bytes
 * @param offset where the frame begins in the blob, in bytes
 * @param compressedSize length of the frame in the blob, in bytes
 * @param size length of what it inflates to, in bytes
 * @param origins the repositories ({@code host/name}) to ask for the pack, best first
 * @param parts the chunks in the frame that some index refers to, by offset
 */
public record FrameLocation(
    Digest pack,
    long packSize,
    long offset,
    int compressedSize,
    int size,
    List<String> origins,
    List<Part> parts) {

  public FrameLocation {
    origins = List.copyOf(origins);
    parts = List.copyOf(parts);
  }

  /**
   * A chunk within the uncompressed frame.
   *
   * @param digest of the chunk
   * @param offset where it begins in the uncompressed frame, in bytes
   * @param size its length in bytes
   */
  public record Part(Digest digest, int offset, int size) {}
}
