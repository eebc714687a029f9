package io.imageharbour.indexer;

import java.util.List;

/**
 * What every inode has, whatever its type.
 *
 * @param permissions the low twelve bits of the mode: set-user-ID, set-group-ID, sticky and rwx
 * @param uid the owner, an unsigned 32-bit number
 * @param gid the group, an unsigned 32-bit number
 * @param mtimeSeconds modification time, seconds since 1970, negative before
 * @param mtimeNanos nanoseconds of it, 0 to 999,999,999
 * @param xattrs extended attributes, ordered by name, without duplicates
 */
public record Metadata(
    int permissions, int uid, int gid, long mtimeSeconds, int mtimeNanos, List<Xattr> xattrs) {

  public Metadata {
    xattrs = List.copyOf(xattrs);
  }
}
