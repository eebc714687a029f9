package io.imageharbour.fusefs.kernel;

/**
 * Attributes of a node that never change.
 *
 * @param node the node, also its inode number
 * @param mode type and permissions, as in stat(2)
 * @param links number of hard links
 * @param size in bytes
 */
public record NodeAttributes(long node, int mode, int links, long size) {

  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;

  /** A directory that everybody may search. */
  public static NodeAttributes directory(long node) {
    return new NodeAttributes(node, S_IFDIR | 0555, 2, 0);
  }

  /** A file that everybody may read. */
  public static NodeAttributes file(long node, long size) {
    return new NodeAttributes(node, S_IFREG | 0444, 1, size);
  }
}
