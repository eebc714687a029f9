package io.imageharbour.indexer.format;

/**
 * How big an index may be, and a recipe. Far above any image that was ever seen, and low enough
 * that reading a hostile index ends quickly: at all limits together, the model takes about 1 GiB of
 * heap.
 */
final class Limits {

  /** The payload, in bytes: 256 MiB. */
  static final int PAYLOAD_BYTES = 256 << 20;

  /** Names in all directories together, and with the root so many inodes. */
  static final int ENTRIES = 4 << 20;

  /** Chunks of all contents together. */
  static final int CHUNKS = 4 << 20;

  /** Packs, and origins. */
  static final int PACKS = 1 << 16;

  static final int ORIGINS = 64;

  /** An origin, or the name of an extended attribute, in bytes. */
  static final int TEXT_BYTES = 512;

  /**
   * A path from the root with its slashes, in bytes. Programs get further than {@code PATH_MAX}.
   */
  static final int PATH_BYTES = 65_535;

  /** Directories in each other: as many as the longest path of one system call can name. */
  static final int DEPTH = 2047;

  /** Extended attributes of one inode. */
  static final int XATTRS = 128;

  /** Extended attributes of one inode, names and values, in bytes. */
  static final int XATTR_BYTES = 128 << 10;

  /** Layers of a recipe: as many as a manifest may have. */
  static final int LAYERS = 10_000;

  /** Extents of all sparse files of a recipe together. */
  static final int EXTENTS = 4 << 20;

  /** The number of a content in a recipe: of the index, and hidden ones behind them. */
  static final int MAX_CONTENT = 2 * ENTRIES;

  /** Literal bytes of a recipe: 16 TiB, so that adding them up can't overflow. */
  static final long LITERAL_BYTES = 1L << 44;

  private Limits() {}
}
