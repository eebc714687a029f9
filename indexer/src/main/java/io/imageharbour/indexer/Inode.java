package io.imageharbour.indexer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A file of any type, apart from its names. A hard link is a second name for the same inode. */
public sealed interface Inode {

  /** Owner, mode, time and extended attributes. */
  Metadata metadata();

  /**
   * A directory.
   *
   * @param entries its names, strictly ordered by {@link FileName}
   */
  record Directory(Metadata metadata, List<DirectoryEntry> entries) implements Inode {
    public Directory {
      entries = List.copyOf(entries);
    }
  }

  /**
   * A regular file.
   *
   * @param content position of its content in {@link ImageIndex#contents()}
   */
  record RegularFile(Metadata metadata, int content) implements Inode {}

  /**
   * A symbolic link.
   *
   * @param target where it points: 1 to 4,095 bytes without NUL; not to be changed
   */
  record SymbolicLink(Metadata metadata, byte[] target) implements Inode {

    /** The longest target that Linux takes ({@code PATH_MAX} without its NUL), in bytes. */
    public static final int MAX_TARGET_BYTES = 4095;

    @Override
    public boolean equals(Object other) {
      return other instanceof SymbolicLink that
          && metadata.equals(that.metadata)
          && Arrays.equals(target, that.target);
    }

    @Override
    public int hashCode() {
      return 31 * metadata.hashCode() + Arrays.hashCode(target);
    }

    /** The target decoded as UTF-8, for people. */
    @Override
    public String toString() {
      return "SymbolicLink[" + metadata + " -> " + new String(target, StandardCharsets.UTF_8) + "]";
    }
  }

  /**
   * A device node.
   *
   * @param block whether it is a block device; a character device otherwise
   * @param major device number, 12 bits
   * @param minor device number, 20 bits
   */
  record Device(Metadata metadata, boolean block, int major, int minor) implements Inode {}

  /** A named pipe. */
  record Fifo(Metadata metadata) implements Inode {}

  /** A socket that somebody bound to a path. */
  record Socket(Metadata metadata) implements Inode {}
}
