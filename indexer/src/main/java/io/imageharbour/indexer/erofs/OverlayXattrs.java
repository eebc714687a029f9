package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Xattr;
import java.util.HexFormat;
import java.util.List;

/**
 * What overlayfs shall make of each inode, said in extended attributes: a regular file with content
 * carries {@code trusted.overlay.metacopy} (its bytes are elsewhere) and {@code
 * trusted.overlay.redirect} (under which path in the data-only layers). What else it would take for
 * an instruction is {@linkplain OverlayEscapes escaped}.
 *
 * @see <a href="https://docs.kernel.org/filesystems/overlayfs.html">Overlay filesystem, "Metadata
 *     only copy up" and "Data-only lower layers"</a>
 */
final class OverlayXattrs {

  static final String REDIRECT = OverlayEscapes.PREFIX + "redirect";

  /** Bytes of a redirect: a slash, two digits, a slash and the other 62. */
  static final int REDIRECT_BYTES = 66;

  private static final List<Xattr> METACOPY =
      List.of(new Xattr(OverlayEscapes.PREFIX + "metacopy", new byte[0]));

  private final ImageIndex index;
  private final OverlayEscapes escapes;

  OverlayXattrs(ImageIndex index) {
    this.index = index;
    escapes = new OverlayEscapes(index);
  }

  /** Whether the bytes of an inode lie in the data-only layers, so that it has a redirect. */
  boolean isStub(Inode inode) {
    return inode instanceof Inode.RegularFile file
        && index.contents().get(file.content()).size() > 0;
  }

  /** The attributes that an inode gets, apart from a redirect. */
  List<Xattr> of(int number) {
    List<Xattr> escaped = escapes.of(number);
    return isStub(index.inodes().get(number)) ? OverlayEscapes.join(escaped, METACOPY) : escaped;
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
}
