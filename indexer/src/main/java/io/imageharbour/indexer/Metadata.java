package io.imageharbour.indexer;

import java.util.List;

/**
 * What every inode has, whatever its type.
 *
 * @param permissions the low twelve bits of the mode: set-user-ID, set-group-ID, sticky and rwx
 * @param uid the owner, an unsigned 32-bit number; 4,294,967,295 is none
 * @param gid the group, an unsigned 32-bit number; 4,294,967,295 is none
 * @param mtimeSeconds modification time, seconds since 1970, negative before
 * @param mtimeNanos nanoseconds of it, 0 to 999,999,999
 * @param xattrs extended attributes in {@link Xattr#NAME_ORDER}, which the constructor gives them;
 *     without duplicates
 */
public record Metadata(
    int permissions, int uid, int gid, long mtimeSeconds, int mtimeNanos, List<Xattr> xattrs) {

  public Metadata {
    xattrs =
        xattrs.size() < 2 ? List.copyOf(xattrs) : xattrs.stream().sorted(Xattr.NAME_ORDER).toList();
  }

  /** The same with another modification time. */
  public Metadata withMtime(long seconds, int nanos) {
    return new Metadata(permissions, uid, gid, seconds, nanos, xattrs);
  }
}
