package io.imageharbour.indexer.erofs;

/** Numbers of the EROFS format that more than one class needs. */
final class Erofs {

  /** Bytes of a block; the page size of every kernel that this is written for. */
  static final int BLOCK_BYTES = 4096;

  /** Inodes begin at multiples of this; their number is the multiple. */
  static final int SLOT_BYTES = 32;

  private Erofs() {}

  static long roundUp(long value, long multiple) {
    return (value + multiple - 1) / multiple * multiple;
  }
}
