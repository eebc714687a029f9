package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Xattr;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * An extended attribute as it is kept beside an inode or in the shared area: begins at a multiple
 * of four bytes, and is filled up with zeros to one.
 *
 * <pre>
 * offset bytes
 *      0     1  length of the name without its prefix
 *      1     1  which prefix the name has
 *      2     2  length of the value
 *      4        name without its prefix, value
 * </pre>
 */
final class XattrEntry {

  private static final int HEADER_BYTES = 4;
  private static final int ALIGNMENT = 4;

  private record Prefix(int number, String text) {}

  /** The two of access control lists stand for whole names. */
  private static final List<Prefix> PREFIXES =
      List.of(
          new Prefix(1, "user."),
          new Prefix(2, "system.posix_acl_access"),
          new Prefix(3, "system.posix_acl_default"),
          new Prefix(4, "trusted."),
          new Prefix(6, "security."));

  private XattrEntry() {}

  /** How many bytes an attribute takes. */
  static int size(String name, int valueLength) {
    int suffix = name.getBytes(StandardCharsets.UTF_8).length - prefixOf(name).text.length();
    return (int) Erofs.roundUp(HEADER_BYTES + suffix + valueLength, ALIGNMENT);
  }

  static int size(Xattr xattr) {
    return size(xattr.name(), xattr.value().length);
  }

  static void write(String name, byte[] value, ImageOutput out) throws IOException {
    Prefix prefix = prefixOf(name);
    byte[] suffix = name.substring(prefix.text.length()).getBytes(StandardCharsets.UTF_8);
    out.room(HEADER_BYTES)
        .put((byte) suffix.length)
        .put((byte) prefix.number)
        .putShort((short) value.length);
    out.put(suffix);
    out.put(value);
    out.padTo(Erofs.roundUp(out.position(), ALIGNMENT));
  }

  private static Prefix prefixOf(String name) {
    for (Prefix prefix : PREFIXES) {
      if (name.startsWith(prefix.text)) {
        return prefix;
      }
    }
    throw new IllegalArgumentException("an index holds no attribute " + name);
  }
}
