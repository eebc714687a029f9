package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Inode;

/** The file types as {@code st_mode} has them, in the bits of {@code S_IFMT}. */
final class FileType {

  static final int MASK = 0170000;
  static final int SOCKET = 0140000;
  static final int SYMBOLIC_LINK = 0120000;
  static final int REGULAR = 0100000;
  static final int BLOCK_DEVICE = 0060000;
  static final int DIRECTORY = 0040000;
  static final int CHARACTER_DEVICE = 0020000;
  static final int FIFO = 0010000;

  private FileType() {}

  static int of(Inode inode) {
    return switch (inode) {
      case Inode.Directory directory -> DIRECTORY;
      case Inode.RegularFile file -> REGULAR;
      case Inode.SymbolicLink link -> SYMBOLIC_LINK;
      case Inode.Device device -> device.block() ? BLOCK_DEVICE : CHARACTER_DEVICE;
      case Inode.Fifo fifo -> FIFO;
      case Inode.Socket socket -> SOCKET;
    };
  }
}
