package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Xattr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where extended attributes lie: what two inodes have in common once, in the shared area;
 * everything else beside its inode. Beside the inode comes first
 *
 * <pre>
 * offset bytes
 *      0     4  filter of names: not used
 *      4     1  how many shared attributes the inode has, n
 *      5     7  zero
 *     12   4*n  their numbers: offset in the shared area, divided by 4
 * </pre>
 *
 * and then an {@link XattrEntry} for each of the others. A valid index has at most 128 attributes
 * to an inode, of 128 KiB together, so the counters of EROFS (255 shared ones, 256 KiB beside the
 * inode) suffice.
 */
final class XattrArea {

  private static final int HEADER_BYTES = 12;
  private static final int NUMBER_BYTES = 4;
  private static final int NOT_SHARED = -1;
  private static final int REDIRECT_ENTRY_BYTES =
      XattrEntry.size(OverlayXattrs.REDIRECT, OverlayXattrs.REDIRECT_BYTES);

  private final ImageIndex index;
  private final OverlayXattrs overlay;
  private final List<Xattr> shared = new ArrayList<>();
  private final Map<Xattr, Integer> sharedNumbers = new HashMap<>();
  private final int[] sharedRedirects;
  private long sharedBytes;

  XattrArea(ImageIndex index, OverlayXattrs overlay) {
    this.index = index;
    this.overlay = overlay;
    sharedRedirects = new int[index.contents().size()];
    Arrays.fill(sharedRedirects, NOT_SHARED);
    Set<Xattr> seen = new HashSet<>();
    BitSet seenContents = new BitSet();
    for (int i = 0; i < index.inodes().size(); i++) {
      for (Xattr xattr : overlay.of(i)) {
        if (!seen.add(xattr) && !sharedNumbers.containsKey(xattr)) {
          sharedNumbers.put(xattr, share(xattr));
        }
      }
      if (index.inodes().get(i) instanceof Inode.RegularFile file && overlay.isStub(file)) {
        int content = file.content();
        if (seenContents.get(content) && sharedRedirects[content] == NOT_SHARED) {
          sharedRedirects[content] = share(new Xattr(OverlayXattrs.REDIRECT, redirect(content)));
        }
        seenContents.set(content);
      }
    }
  }

  /** How many bytes lie beside an inode. */
  int sizeBeside(int inode) {
    int size = 0;
    for (Xattr xattr : overlay.of(inode)) {
      size += sharedNumbers.containsKey(xattr) ? NUMBER_BYTES : XattrEntry.size(xattr);
    }
    int content = redirected(inode);
    if (content >= 0) {
      size += sharedRedirects[content] == NOT_SHARED ? REDIRECT_ENTRY_BYTES : NUMBER_BYTES;
    }
    return size == 0 ? 0 : HEADER_BYTES + size;
  }

  /** How the inode says that so many bytes of attributes follow it. */
  static int count(int bytes) {
    return bytes == 0 ? 0 : (bytes - HEADER_BYTES) / NUMBER_BYTES + 1;
  }

  /** Writes what lies beside an inode. */
  void writeBeside(int inode, ImageOutput out) throws IOException {
    List<Xattr> xattrs = overlay.of(inode);
    int content = redirected(inode);
    boolean redirectShared = content >= 0 && sharedRedirects[content] != NOT_SHARED;
    int count = redirectShared ? 1 : 0;
    for (Xattr xattr : xattrs) {
      count += sharedNumbers.containsKey(xattr) ? 1 : 0;
    }
    ByteBuffer header = out.room(HEADER_BYTES + NUMBER_BYTES * count);
    header.putInt(0).put((byte) count).put(new byte[7]);
    for (Xattr xattr : xattrs) {
      Integer number = sharedNumbers.get(xattr);
      if (number != null) {
        header.putInt(number);
      }
    }
    if (redirectShared) {
      header.putInt(sharedRedirects[content]);
    }
    for (Xattr xattr : xattrs) {
      if (!sharedNumbers.containsKey(xattr)) {
        XattrEntry.write(xattr.name(), xattr.value(), out);
      }
    }
    if (content >= 0 && !redirectShared) {
      XattrEntry.write(OverlayXattrs.REDIRECT, redirect(content), out);
    }
  }

  /** Writes the shared area; numbers count from where it begins. */
  void writeShared(ImageOutput out) throws IOException {
    for (Xattr xattr : shared) {
      XattrEntry.write(xattr.name(), xattr.value(), out);
    }
  }

  /** How many bytes the shared area takes. */
  long sharedBytes() {
    return sharedBytes;
  }

  /** The content that an inode is redirected to, or -1. */
  private int redirected(int inode) {
    return index.inodes().get(inode) instanceof Inode.RegularFile file && overlay.isStub(file)
        ? file.content()
        : -1;
  }

  private byte[] redirect(int content) {
    return OverlayXattrs.redirect(index.contents().get(content).digest());
  }

  private int share(Xattr xattr) {
    int number = Math.toIntExact(sharedBytes / NUMBER_BYTES);
    shared.add(xattr);
    sharedBytes += XattrEntry.size(xattr);
    return number;
  }
}
