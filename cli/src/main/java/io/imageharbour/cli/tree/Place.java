package io.imageharbour.cli.tree;

import io.imageharbour.indexer.DirectoryEntry;

/** A file at one of its names. Immutable. */
public final class Place {

  private final byte[] path;
  private final int inode;

  Place(byte[] path, int inode) {
    this.path = path;
    this.inode = inode;
  }

  /** The path as it was asked for and, below that, of names in the tree; not to be changed. */
  byte[] path() {
    return path;
  }

  /** Position of the inode in the index. */
  public int inode() {
    return inode;
  }

  Place child(DirectoryEntry entry) {
    byte[] name = entry.name().toBytes();
    int end = path.length;
    while (end > 0 && path[end - 1] == '/') {
      end--;
    }
    byte[] child = new byte[end + 1 + name.length];
    System.arraycopy(path, 0, child, 0, end);
    child[end] = '/';
    System.arraycopy(name, 0, child, end + 1, name.length);
    return new Place(child, entry.inode());
  }
}
