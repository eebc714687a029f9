package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Xattr;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;

/**
 * What overlayfs shall make of each inode, said in extended attributes.
 *
 * <ul>
 *   <li>A regular file with content carries {@code trusted.overlay.metacopy} (its bytes are
 *       elsewhere) and {@code trusted.overlay.redirect} (under which path in the data-only layers).
 *   <li>An attribute of the image whose name begins with {@code trusted.overlay.} would be taken
 *       for an instruction, so {@code overlay.} is put in again after that prefix; overlayfs shows
 *       it under its own name.
 *   <li>A character device 0:0 of the image would be taken for a whiteout. It becomes what
 *       overlayfs documents in its place: an empty regular file with an escaped {@code
 *       overlay.whiteout}, in a directory with an escaped {@code overlay.opaque} of {@code x}. An
 *       overlay mounted on what the container sees takes it for the whiteout that it is.
 * </ul>
 *
 * @see <a href="https://docs.kernel.org/filesystems/overlayfs.html">Overlay filesystem, "Metadata
 *     only copy up", "Data-only lower layers" and "Nesting overlayfs mounts"</a>
 */
final class OverlayXattrs {

  static final String REDIRECT = "trusted.overlay.redirect";

  /** Bytes of a redirect: a slash, two digits, a slash and the other 62. */
  static final int REDIRECT_BYTES = 66;

  private static final String PREFIX = "trusted.overlay.";
  private static final String ESCAPED_PREFIX = PREFIX + "overlay.";
  private static final Xattr METACOPY = new Xattr(PREFIX + "metacopy", new byte[0]);
  private static final Xattr ESCAPED_WHITEOUT = new Xattr(ESCAPED_PREFIX + "whiteout", new byte[0]);
  private static final Xattr ESCAPED_OPAQUE =
      new Xattr(ESCAPED_PREFIX + "opaque", new byte[] {'x'});
  private static final List<Xattr> ONLY_METACOPY = List.of(METACOPY);

  private final ImageIndex index;
  private final BitSet whiteoutParents = new BitSet();

  OverlayXattrs(ImageIndex index) {
    this.index = index;
    BitSet whiteouts = new BitSet();
    for (int i = 0; i < index.inodes().size(); i++) {
      whiteouts.set(i, isWhiteout(index.inodes().get(i)));
    }
    if (!whiteouts.isEmpty()) {
      markParents(whiteouts);
    }
  }

  /** Whether an inode is a device that overlayfs would take for a whiteout. */
  static boolean isWhiteout(Inode inode) {
    return inode instanceof Inode.Device device
        && !device.block()
        && device.major() == 0
        && device.minor() == 0;
  }

  /** Whether the bytes of an inode lie in the data-only layers, so that it has a redirect. */
  boolean isStub(Inode inode) {
    return inode instanceof Inode.RegularFile file
        && index.contents().get(file.content()).size() > 0;
  }

  /** The attributes that an inode gets, apart from a redirect. */
  List<Xattr> of(int number) {
    Inode inode = index.inodes().get(number);
    List<Xattr> original = inode.metadata().xattrs();
    List<Xattr> added =
        isStub(inode)
            ? ONLY_METACOPY
            : isWhiteout(inode)
                ? List.of(ESCAPED_WHITEOUT)
                : whiteoutParents.get(number) ? List.of(ESCAPED_OPAQUE) : List.of();
    if (original.isEmpty()) {
      return added;
    }
    List<Xattr> xattrs = new ArrayList<>(original.size() + 1);
    original.forEach(xattr -> xattrs.add(escape(xattr)));
    added.stream()
        .filter(xattr -> xattrs.stream().noneMatch(other -> other.name().equals(xattr.name())))
        .forEach(xattrs::add);
    return xattrs;
  }

  /** Where a content lies in the data-only layers. */
  static byte[] redirect(Digest content) {
    byte[] digest = content.toBytes();
    byte[] path = new byte[REDIRECT_BYTES];
    HexFormat hex = HexFormat.of();
    int position = 0;
    for (int i = 0; i < Digest.BYTES; i++) {
      if (i < 2) {
        path[position++] = '/';
      }
      path[position++] = (byte) hex.toHighHexDigit(digest[i]);
      path[position++] = (byte) hex.toLowHexDigit(digest[i]);
    }
    return path;
  }

  private static Xattr escape(Xattr xattr) {
    return xattr.name().startsWith(PREFIX)
        ? new Xattr(ESCAPED_PREFIX + xattr.name().substring(PREFIX.length()), xattr.value())
        : xattr;
  }

  private void markParents(BitSet whiteouts) {
    for (int i = 0; i < index.inodes().size(); i++) {
      if (index.inodes().get(i) instanceof Inode.Directory directory) {
        for (DirectoryEntry entry : directory.entries()) {
          if (whiteouts.get(entry.inode())) {
            whiteoutParents.set(i);
          }
        }
      }
    }
  }
}
