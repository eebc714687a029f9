package io.imageharbour.snapshotter.store;

/**
 * What a snapshot occupies on disk, without its parents.
 *
 * @param bytes allocated, not apparent
 * @param inodes distinct ones
 */
public record Usage(long bytes, long inodes) {

  /** Nothing. */
  public static final Usage NONE = new Usage(0, 0);

  /** Both together, given that they have no inode in common. */
  public Usage plus(Usage other) {
    return new Usage(bytes + other.bytes, inodes + other.inodes);
  }
}
