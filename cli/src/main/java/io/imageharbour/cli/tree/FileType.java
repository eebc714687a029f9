package io.imageharbour.cli.tree;

import io.imageharbour.fusefs.linux.FileStatus;
import io.imageharbour.indexer.Inode;

/** The types of files that Linux knows. */
public enum FileType {
  FILE(0100000, '-', "file"),
  DIRECTORY(0040000, 'd', "directory"),
  SYMLINK(0120000, 'l', "symlink"),
  BLOCK_DEVICE(0060000, 'b', "block device"),
  CHARACTER_DEVICE(0020000, 'c', "character device"),
  FIFO(0010000, 'p', "fifo"),
  SOCKET(0140000, 's', "socket");

  private final int bits;
  private final char letter;
  private final String label;

  FileType(int bits, char letter, String label) {
    this.bits = bits;
    this.letter = letter;
    this.label = label;
  }

  /** The type of a file of an index. */
  public static FileType of(Inode inode) {
    return switch (inode) {
      case Inode.RegularFile _ -> FILE;
      case Inode.Directory _ -> DIRECTORY;
      case Inode.SymbolicLink _ -> SYMLINK;
      case Inode.Device device -> device.block() ? BLOCK_DEVICE : CHARACTER_DEVICE;
      case Inode.Fifo _ -> FIFO;
      case Inode.Socket _ -> SOCKET;
    };
  }

  /** The type of a file of this machine. */
  public static FileType of(FileStatus status) {
    for (FileType type : values()) {
      if (type.bits == status.type()) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "Linux has no type of file " + Integer.toOctalString(status.type()));
  }

  /** As {@code ls -l} shows it. */
  char letter() {
    return letter;
  }

  /** As {@code ls --json} has it, where a device needs not be called one. */
  String word() {
    return switch (this) {
      case BLOCK_DEVICE -> "block";
      case CHARACTER_DEVICE -> "char";
      default -> label;
    };
  }

  @Override
  public String toString() {
    return label;
  }
}
