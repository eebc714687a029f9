package io.imageharbour.indexer.layer;

import io.imageharbour.indexer.Xattr;
import java.util.List;

/**
 * An entry of a tar archive, as it stands there: names are bytes and not yet checked. The arrays
 * belong to the record and are not to be changed.
 *
 * @param name the path, without NUL, at most 1 MiB
 * @param type what it is
 * @param permissions the low twelve bits of the mode
 * @param uid owner as the header has it
 * @param gid group as the header has it
 * @param size length of the content in bytes; 0 unless it is a regular file
 * @param mtimeSeconds modification time, seconds since 1970
 * @param mtimeNanos nanoseconds of it, 0 to 999,999,999
 * @param linkName target of a hard or symbolic link, empty otherwise
 * @param major device number
 * @param minor device number
 * @param xattrs extended attributes in the archive's order, a name once
 */
public record TarEntry(
    byte[] name,
    Type type,
    int permissions,
    long uid,
    long gid,
    long size,
    long mtimeSeconds,
    int mtimeNanos,
    byte[] linkName,
    long major,
    long minor,
    List<Xattr> xattrs) {

  public TarEntry {
    xattrs = List.copyOf(xattrs);
  }

  /** The types of entries that layers hold. */
  public enum Type {
    REGULAR_FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    DIRECTORY,
    FIFO
  }
}
