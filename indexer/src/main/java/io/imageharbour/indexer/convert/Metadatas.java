package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.layer.TarEntry;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What unpacking an entry as root with containerd leaves in the inode. */
final class Metadatas {

  /** A parent directory that no layer describes; its time is the unpacking's, so none at all. */
  static final Metadata UNDESCRIBED_DIRECTORY = new Metadata(0755, 0, 0, 0, 0, List.of());

  private static final int SYMLINK_PERMISSIONS = 0777;
  private static final long MAX_ID = 0xffff_ffffL;

  /** The last second that fits into 64 bits of nanoseconds; containerd drops what does not. */
  private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000;

  private Metadatas() {}

  /**
   * The metadata of what this entry unpacks to.
   *
   * @param linked the type of the inode: the entry's own, or that of a hard link's target
   */
  static Metadata of(TarEntry entry, TarEntry.Type linked) throws UnconvertibleImageException {
    boolean symlink = linked == TarEntry.Type.SYMBOLIC_LINK;
    boolean dated = entry.mtimeSeconds() >= 0 && entry.mtimeSeconds() < MAX_SECONDS;
    return new Metadata(
        symlink ? SYMLINK_PERMISSIONS : entry.permissions(),
        id(entry, entry.uid()),
        id(entry, entry.gid()),
        dated ? entry.mtimeSeconds() : 0,
        dated ? entry.mtimeNanos() : 0,
        xattrs(entry, linked));
  }

  /** {@code metadata} with those of {@code others} besides its attributes whose names it lacks. */
  static Metadata adding(Metadata metadata, List<Xattr> others) {
    if (others.isEmpty()) {
      return metadata;
    }
    Map<String, Xattr> union = new HashMap<>();
    others.forEach(xattr -> union.put(xattr.name(), xattr));
    metadata.xattrs().forEach(xattr -> union.put(xattr.name(), xattr));
    return new Metadata(
        metadata.permissions(),
        metadata.uid(),
        metadata.gid(),
        metadata.mtimeSeconds(),
        metadata.mtimeNanos(),
        sorted(union));
  }

  private static int id(TarEntry entry, long id) throws UnconvertibleImageException {
    if (id < 0 || id > MAX_ID) {
      throw new UnconvertibleImageException(entry, "its owner " + id + " is no 32-bit number");
    }
    // chown takes the largest number for "leave it", and the unpacker is root
    return id == MAX_ID ? 0 : (int) id;
  }

  private static List<Xattr> xattrs(TarEntry entry, TarEntry.Type type)
      throws UnconvertibleImageException {
    Map<String, Xattr> kept = new HashMap<>();
    for (Xattr xattr : entry.xattrs()) {
      if (!isSettable(xattr.name(), type)) {
        continue;
      }
      int length = xattr.name().getBytes(StandardCharsets.UTF_8).length;
      if (length > 255 || xattr.name().indexOf('.') == xattr.name().length() - 1) {
        throw new UnconvertibleImageException(
            entry, "an extended attribute has an impossible name of " + length + " bytes");
      }
      if (xattr.value().length > Xattr.MAX_VALUE_BYTES) {
        throw new UnconvertibleImageException(
            entry,
            "its extended attribute "
                + xattr.name()
                + " has "
                + xattr.value().length
                + " bytes, more than the "
                + Xattr.MAX_VALUE_BYTES
                + " that the file system of nodes, EROFS, has room for; build the image with a"
                + " shorter one");
      }
      kept.put(xattr.name(), xattr);
    }
    return sorted(kept);
  }

  private static List<Xattr> sorted(Map<String, Xattr> byName) {
    return byName.values().stream().sorted(Xattr.NAME_ORDER).toList();
  }

  /**
   * Whether containerd sets it: never {@code trusted.*}, and the kernel has {@code user.*} on files
   * and directories only and no ACLs on symbolic links. What is refused is left out there too.
   */
  private static boolean isSettable(String name, TarEntry.Type type) {
    if (name.startsWith("user.")) {
      return type == TarEntry.Type.REGULAR_FILE || type == TarEntry.Type.DIRECTORY;
    }
    if (name.equals("system.posix_acl_access") || name.equals("system.posix_acl_default")) {
      return type != TarEntry.Type.SYMBOLIC_LINK;
    }
    return name.startsWith("security.");
  }
}
