package io.imageharbour.cli.diff;

import io.imageharbour.cli.tree.FileType;
import io.imageharbour.indexer.Digest;
import java.util.Optional;
import java.util.SortedMap;

/**
 * One path of a tree and all that a program can learn of it.
 *
 * @param type what it is
 * @param permissions the twelve bits
 * @param owner user and group, {@code 0:0}
 * @param mtime modification time, seconds and nanoseconds: {@code 1234.000000005}
 * @param size in bytes; 0 for anything but files and symbolic links, where it means nothing
 * @param links how many names it has; of a directory its subdirectories and two, or 1 where the
 *     file system does not count them
 * @param identity equal for all names of one file, and for no other file of the tree
 * @param target of a symbolic link
 * @param device number of a device, {@code major:minor}
 * @param xattrs extended attributes by name
 * @param content of a regular file
 */
record TreeFile(
    FileType type,
    int permissions,
    String owner,
    String mtime,
    long size,
    int links,
    Object identity,
    Optional<byte[]> target,
    Optional<String> device,
    SortedMap<String, byte[]> xattrs,
    Optional<Digest> content) {

  /** A time as {@link #mtime} has it. */
  static String time(long seconds, int nanos) {
    return "%d.%09d".formatted(seconds, nanos);
  }

  /** An owner as {@link #owner} has it; both numbers are unsigned. */
  static String owner(int uid, int gid) {
    return Integer.toUnsignedString(uid) + ":" + Integer.toUnsignedString(gid);
  }

  /** Whether this is a directory whose subdirectories its file system did not count. */
  boolean hasUncountedLinks() {
    return type == FileType.DIRECTORY && links == 1;
  }
}
