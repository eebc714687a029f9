package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Xattr;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * How a tree has to be changed so that overlayfs, of which it becomes a layer, takes nothing in it
 * for an instruction. Immutable.
 *
 * <ul>
 *   <li>An attribute of the image whose name begins with {@code trusted.overlay.} would be one, so
 *       {@code overlay.} is put in again after that prefix; overlayfs shows it under its own name.
 *   <li>A character device 0:0 of the image would be taken for a whiteout. It becomes what
 *       overlayfs documents in its place: an empty regular file with an escaped {@code
 *       overlay.whiteout}, in a directory with an escaped {@code overlay.opaque} of {@code x}. An
 *       overlay mounted on what the container sees takes it for the whiteout that it is.
 * </ul>
 *
 * <p>Linux older than 6.8 knows no escapes: there such attributes are not seen at all.
 *
 * @see <a href="https://docs.kernel.org/filesystems/overlayfs.html">Overlay filesystem, "Nesting
 *     overlayfs mounts"</a>
 */
public final class OverlayEscapes {

  static final String PREFIX = "trusted.overlay.";

  private static final String ESCAPED_PREFIX = PREFIX + "overlay.";
  private static final List<Xattr> WHITEOUT =
      List.of(new Xattr(ESCAPED_PREFIX + "whiteout", new byte[0]));
  private static final List<Xattr> OPAQUE =
      List.of(new Xattr(ESCAPED_PREFIX + "opaque", new byte[] {'x'}));

  private final ImageIndex index;
  private final BitSet whiteoutParents = new BitSet();

  /** What has to be changed in a tree. */
  public OverlayEscapes(ImageIndex index) {
    this.index = index;
    BitSet whiteouts = new BitSet();
    for (int i = 0; i < index.inodes().size(); i++) {
      whiteouts.set(i, isWhiteout(index.inodes().get(i)));
    }
    if (!whiteouts.isEmpty()) {
      markParents(whiteouts);
    }
  }

  /**
   * Whether an inode is a device that overlayfs would take for a whiteout, so that it has to be an
   * empty regular file.
   */
  public static boolean isWhiteout(Inode inode) {
    return inode instanceof Inode.Device device
        && !device.block()
        && device.major() == 0
        && device.minor() == 0;
  }

  /** The attributes that an inode gets in place of its own. */
  public List<Xattr> of(int number) {
    Inode inode = index.inodes().get(number);
    List<Xattr> added =
        isWhiteout(inode) ? WHITEOUT : whiteoutParents.get(number) ? OPAQUE : List.of();
    List<Xattr> original = inode.metadata().xattrs();
    return original.isEmpty()
        ? added
        : join(original.stream().map(OverlayEscapes::escape).toList(), added);
  }

  /** Both; of two with the same name the first. */
  static List<Xattr> join(List<Xattr> first, List<Xattr> second) {
    if (first.isEmpty() || second.isEmpty()) {
      return first.isEmpty() ? second : first;
    }
    List<Xattr> xattrs = new ArrayList<>(first);
    second.stream()
        .filter(xattr -> first.stream().noneMatch(other -> other.name().equals(xattr.name())))
        .forEach(xattrs::add);
    return xattrs;
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
