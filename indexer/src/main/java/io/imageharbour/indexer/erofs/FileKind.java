package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Inode;

/** The types of files, with the numbers that inodes and directory entries have for them. */
enum FileKind {
  REGULAR(0100000, 1),
  DIRECTORY(0040000, 2),
  CHARACTER_DEVICE(0020000, 3),
  BLOCK_DEVICE(0060000, 4),
  FIFO(0010000, 5),
  SOCKET(0140000, 6),
  SYMBOLIC_LINK(0120000, 7);

  /** The type in the mode of an inode. */
  final int mode;

  /** The type in a directory entry. */
  final int entryType;

  FileKind(int mode, int entryType) {
    this.mode = mode;
    this.entryType = entryType;
  }

  /** What an inode is in the image; a device that stands for a whiteout is an empty file. */
  static FileKind of(Inode inode) {
    return switch (inode) {
      case Inode.RegularFile file -> REGULAR;
      case Inode.Directory directory -> DIRECTORY;
      case Inode.Device device when OverlayEscapes.isWhiteout(device) -> REGULAR;
      case Inode.Device device -> device.block() ? BLOCK_DEVICE : CHARACTER_DEVICE;
      case Inode.Fifo fifo -> FIFO;
      case Inode.Socket socket -> SOCKET;
      case Inode.SymbolicLink link -> SYMBOLIC_LINK;
    };
  }
}
