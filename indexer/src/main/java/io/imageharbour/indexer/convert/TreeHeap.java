package io.imageharbour.indexer.convert;

/**
 * How much heap the trees of layers may take together, reckoned roughly: a few bytes of an archive
 * can ask for thousands of directories in each other. For one thread.
 */
final class TreeHeap {

  /** A node with its metadata, and its place in the directory. */
  private static final int NODE_BYTES = 400;

  /** A name in a path that is kept, and its place in the path. */
  private static final int NAME_BYTES = 16;

  private long left;

  /**
   * @param bytes how much they may take
   */
  TreeHeap(long bytes) {
    this.left = bytes;
  }

  /**
   * There is another node.
   *
   * @param names how many the path has that is kept of it
   * @throws IllegalArgumentException if that is more than there may be
   */
  void take(int names) {
    left -= NODE_BYTES + (long) NAME_BYTES * names;
    if (left < 0) {
      throw new IllegalArgumentException("the tree takes more memory than there is for it");
    }
  }
}
