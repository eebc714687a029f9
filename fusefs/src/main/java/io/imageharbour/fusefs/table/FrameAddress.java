package io.imageharbour.fusefs.table;

/**
 * Which frame of which pack, as the table knows it. Two images that describe the same bytes of a
 * pack differently have two addresses, so that a wrong one does no harm to the other.
 *
 * @param pack number of the pack in the table, never used again for another
 * @param offset where the frame begins in the pack, in bytes
 * @param compressedSize length in the pack, in bytes
 * @param size length of what it inflates to, in bytes
 */
public record FrameAddress(int pack, long offset, int compressedSize, int size) {

  /** Where the frame ends in its pack, in bytes. */
  public long end() {
    return offset + compressedSize;
  }
}
