package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Frame;

/**
 * How contents are grouped and cut, all in bytes. Two conversions share contents only where they
 * cut big files at the same places, so everybody uses {@link #DEFAULT}; see docs/decisions.
 *
 * @param smallFile files up to this size share frames with their neighbours
 * @param sharedFrame how much a shared frame holds at most, uncompressed
 * @param chunkedAbove files beyond this size are cut into chunks; others lie whole in one frame
 * @param chunk size of a chunk, and of its frame, uncompressed
 * @param maxPack when a pack would grow beyond this size, another one is begun
 */
public record PackLayout(
    int smallFile, int sharedFrame, int chunkedAbove, int chunk, long maxPack) {

  /** What every pack is made with. */
  public static final PackLayout DEFAULT =
      new PackLayout(64 << 10, 128 << 10, 1 << 20, 256 << 10, 4L << 30);

  public PackLayout {
    if (smallFile < 0
        || smallFile > sharedFrame
        || smallFile > chunkedAbove
        || Math.max(sharedFrame, chunkedAbove) > Frame.MAX_SIZE
        || chunk < 1
        || chunk > Frame.MAX_SIZE
        || maxPack < 1) {
      throw new IllegalArgumentException("an impossible layout of packs");
    }
  }
}
