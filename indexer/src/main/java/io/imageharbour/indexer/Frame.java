package io.imageharbour.indexer;

/**
 * One zstd frame of a pack: the unit of a fetch.
 *
 * @param pack position of the pack in {@link ImageIndex#packs()}
 * @param offset where the frame begins in the pack, in bytes
 * @param compressedSize length of the frame in the pack, in bytes, at least 1 and at most {@link
 *     #MAX_COMPRESSED_SIZE}
 * @param size length of what it inflates to, in bytes, at least 1 and at most {@link #MAX_SIZE}
 */
public record Frame(int pack, long offset, int compressedSize, int size) {

  /** The largest frame that is accepted, uncompressed: 16 MiB. */
  public static final int MAX_SIZE = 16 << 20;

  /** The largest frame that is accepted, compressed: what zstd can make of the largest one. */
  public static final int MAX_COMPRESSED_SIZE = MAX_SIZE + (MAX_SIZE >> 8) + 64;
}
