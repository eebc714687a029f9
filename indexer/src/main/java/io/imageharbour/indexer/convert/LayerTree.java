package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.convert.LayerNode.Directory;
import io.imageharbour.indexer.convert.LayerNode.Leaf;
import io.imageharbour.indexer.convert.LayerNode.Whiteout;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One layer as containerd unpacks it into a directory of its own, for overlayfs to put it on top of
 * the layers below. That, and not the merging of archives, is what images are made for and tested
 * with, down to the corners:
 *
 * <ul>
 *   <li>symbolic links in an entry's path are followed within the layer, as it is at that moment;
 *   <li>parent directories without entries are made, after the directory of that path in the
 *       topmost lower layer that has one;
 *   <li>a later entry replaces an earlier one, and a directory that comes again is described anew;
 *   <li>an entry for the root directory is ignored;
 *   <li>a whiteout is a character device 0/0, so such a device is a whiteout; the bottom layer has
 *       nothing to hide, its whiteouts remove what came before;
 *   <li>a hard link changes the inode to what its own header says;
 *   <li>the times of directories are set at the end of the layer, on whatever their entries' paths
 *       lead to then.
 * </ul>
 *
 * Where containerd fails, this fails too, with two exceptions: a whiteout after an entry of the
 * same name hides, as the specification has it, what the layers below have there; and a path may be
 * longer than a system call takes ({@link LayerPath#MAX_BYTES}).
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/layer.md">OCI image layer
 *     specification</a>
 */
final class LayerTree {

  private static final String WHITEOUT_PREFIX = ".wh.";
  private static final FileName OPAQUE_MARKER = FileName.of(".wh..wh..opq");
  private static final int MAX_LINKS = 255;

  /** How many entries a layer may have, so that a bomb ends before the heap does. */
  private static final long MAX_ENTRIES = 4L << 20;

  private static final int MAX_MAJOR = 0xfff;
  private static final int MAX_MINOR = 0xfffff;

  /** A regular file that an entry became, and where it was put. */
  record PlacedFile(LayerNode.RegularFile file, List<FileName> path) {}

  /** A directory without an entry of its own, and where it was made. */
  record ImpliedDirectory(Directory directory, List<FileName> path) {}

  /** A directory's entry: its path, and the time to be set there in the end. */
  private record DatedPath(List<FileName> path, LayerNode.Mtime time) {}

  private final Directory root;
  private final List<DatedPath> dated = new ArrayList<>();
  private final List<ImpliedDirectory> implied = new ArrayList<>();
  private final int layer;
  private final TreeHeap heap;
  private long entries;

  /**
   * @param layer 0 for the bottom layer
   * @param heap for this layer's tree and others
   */
  LayerTree(int layer, TreeHeap heap) {
    this(layer, heap, new Directory(Metadatas.UNDESCRIBED_DIRECTORY));
  }

  private LayerTree(int layer, TreeHeap heap, Directory root) {
    this.layer = layer;
    this.heap = heap;
    this.root = root;
  }

  /** A bottom layer that is the tree of an index. */
  static LayerTree of(ImageIndex index) throws UnconvertibleImageException {
    return new LayerTree(0, new TreeHeap(0), IndexTree.of(index));
  }

  Directory root() {
    return root;
  }

  List<ImpliedDirectory> impliedDirectories() {
    return implied;
  }

  /**
   * Unpacks one entry.
   *
   * @return the file, if it is a regular one
   * @throws UnconvertibleImageException if it can't be unpacked
   */
  Optional<PlacedFile> apply(TarEntry entry) throws UnconvertibleImageException {
    long number = entries++;
    if (number == MAX_ENTRIES) {
      throw new UnconvertibleImageException(
          entry, "the layer has more than " + MAX_ENTRIES + " entries");
    }
    try {
      return apply(entry, number);
    } catch (IllegalArgumentException e) {
      throw new UnconvertibleImageException(entry, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Ends the unpacking, after the last entry.
   *
   * @throws UnconvertibleImageException if the path of a directory leads nowhere by now
   */
  void finish() throws UnconvertibleImageException {
    for (DatedPath directory : dated) {
      try {
        switch (lookup(directory.path())) {
          case Directory there -> there.touch(directory.time());
          case Leaf there -> there.touch(directory.time());
          case Whiteout _ -> {
            // hides what the layers below have there, and shows no time
          }
          case null -> {
            // a whiteout of the bottom layer took it away
          }
        }
      } catch (IllegalArgumentException e) {
        throw new UnconvertibleImageException(
            "the time of the directory " + directory.path() + " can't be set: " + e.getMessage());
      }
    }
  }

  private Optional<PlacedFile> apply(TarEntry entry, long number)
      throws UnconvertibleImageException {
    List<FileName> path = LayerPath.parse(entry.name());
    if (path.isEmpty()) {
      return Optional.empty();
    }
    heap.take(path.size());
    FileName name = path.getLast();
    List<FileName> parentPath = resolve(path.subList(0, path.size() - 1));
    Directory parent = makeParents(parentPath);
    if (name.startsWith(WHITEOUT_PREFIX)) {
      applyWhiteout(parent, name);
      return Optional.empty();
    }
    if (entry.type() == TarEntry.Type.DIRECTORY) {
      Metadata described = Metadatas.of(entry, entry.type());
      dated.add(new DatedPath(path, LayerNode.Mtime.of(described)));
      if (parent.entries().get(name) instanceof Directory existing) {
        existing.describe(described);
        return Optional.empty();
      }
    }
    parent.entries().remove(name);
    LayerNode node = node(entry, number);
    parent.entries().put(name, node);
    if (entry.type() == TarEntry.Type.REGULAR_FILE
        && node instanceof Leaf leaf
        && leaf.kind() instanceof LayerNode.RegularFile file) {
      List<FileName> placed = new ArrayList<>(parentPath);
      placed.add(name);
      return Optional.of(new PlacedFile(file, placed));
    }
    return Optional.empty();
  }

  private LayerNode node(TarEntry entry, long number) throws UnconvertibleImageException {
    return switch (entry.type()) {
      case DIRECTORY -> new Directory(Metadatas.of(entry, entry.type()));
      case REGULAR_FILE ->
          leaf(entry, new LayerNode.RegularFile(new LayerNode.Position(layer, number)));
      case FIFO -> leaf(entry, new LayerNode.Fifo());
      case SYMBOLIC_LINK -> leaf(entry, symbolicLink(entry));
      case BLOCK_DEVICE -> leaf(entry, device(entry, true));
      case CHARACTER_DEVICE ->
          entry.major() == 0 && entry.minor() == 0
              ? Whiteout.INSTANCE
              : leaf(entry, device(entry, false));
      case HARD_LINK -> hardLink(entry);
    };
  }

  private static Leaf leaf(TarEntry entry, LayerNode.Kind kind) throws UnconvertibleImageException {
    return new Leaf(kind, Metadatas.of(entry, entry.type()));
  }

  private static LayerNode.SymbolicLink symbolicLink(TarEntry entry) {
    int length = entry.linkName().length;
    if (length == 0 || length > Inode.SymbolicLink.MAX_TARGET_BYTES) {
      throw new IllegalArgumentException(
          "a symbolic link points to 1 to "
              + Inode.SymbolicLink.MAX_TARGET_BYTES
              + " bytes, not "
              + length);
    }
    return new LayerNode.SymbolicLink(entry.linkName());
  }

  private static LayerNode.Device device(TarEntry entry, boolean block) {
    if (entry.major() < 0
        || entry.major() > MAX_MAJOR
        || entry.minor() < 0
        || entry.minor() > MAX_MINOR) {
      throw new IllegalArgumentException(
          "Linux has no device number " + entry.major() + ":" + entry.minor());
    }
    return new LayerNode.Device(block, (int) entry.major(), (int) entry.minor());
  }

  private LayerNode hardLink(TarEntry entry) throws UnconvertibleImageException {
    List<FileName> path = LayerPath.parse(entry.linkName());
    List<FileName> resolved = path;
    if (!path.isEmpty()) {
      resolved = new ArrayList<>(resolve(path.subList(0, path.size() - 1)));
      resolved.add(path.getLast()); // a link to a symbolic link is one to the link itself
    }
    LayerNode target = find(resolved);
    if (target instanceof Leaf leaf) {
      leaf.describe(Metadatas.of(entry, leaf.kind().type()));
    } else if (target instanceof Directory) {
      throw new IllegalArgumentException(
          "it is a hard link to the directory " + TarReader.printable(entry.linkName()));
    } else if (target == null) {
      throw new IllegalArgumentException(
          "it is a hard link to "
              + TarReader.printable(entry.linkName())
              + ", which the same layer does not have before it (containerd can't unpack this"
              + " image either)");
    }
    return target;
  }

  private void applyWhiteout(Directory parent, FileName marker) {
    if (marker.equals(OPAQUE_MARKER)) {
      if (isBottom()) {
        removeUndescribed(parent);
      } else {
        parent.makeOpaque();
      }
      return;
    }
    byte[] bytes = marker.toBytes();
    FileName hidden =
        FileName.of(Arrays.copyOfRange(bytes, WHITEOUT_PREFIX.length(), bytes.length));
    if (isBottom()) {
      parent.entries().remove(hidden);
      return;
    }
    LayerNode own = parent.entries().putIfAbsent(hidden, Whiteout.INSTANCE);
    if (own instanceof Directory directory) {
      directory.makeOpaque();
    }
  }

  /** What an opaque marker does in the bottom layer: directories without an entry go. */
  private static void removeUndescribed(Directory directory) {
    directory
        .entries()
        .values()
        .removeIf(node -> node instanceof Directory child && !child.isExplicit());
    for (LayerNode node : directory.entries().values()) {
      if (node instanceof Directory child) {
        removeUndescribed(child);
      }
    }
  }

  private boolean isBottom() {
    return layer == 0;
  }

  private Directory makeParents(List<FileName> path) {
    Directory directory = root;
    for (int i = 0; i < path.size(); i++) {
      LayerNode child = directory.entries().get(path.get(i));
      if (child == null) {
        heap.take(i + 1);
        Directory made = new Directory();
        implied.add(new ImpliedDirectory(made, List.copyOf(path.subList(0, i + 1))));
        directory.entries().put(path.get(i), made);
        child = made;
      }
      if (!(child instanceof Directory next)) {
        throw new IllegalArgumentException(
            "\"" + path.get(i) + "\" in its path is no directory in this layer");
      }
      directory = next;
    }
    return directory;
  }

  /**
   * What a path leads to in this layer alone, symbolic links followed within the layer.
   *
   * @return null if it has nothing there
   */
  @Nullable LayerNode lookup(List<FileName> path) {
    return find(resolve(path));
  }

  private @Nullable LayerNode find(List<FileName> path) {
    LayerNode node = root;
    for (FileName name : path) {
      if (!(node instanceof Directory directory)) {
        return null;
      }
      node = directory.entries().get(name);
    }
    return node;
  }

  /** Follows symbolic links, also that in the last place; what is not there is left as it is. */
  private List<FileName> resolve(List<FileName> path) {
    List<FileName> resolved = path;
    for (int links = 0; links <= MAX_LINKS; links++) {
      Optional<List<FileName>> followed = followFirstLink(resolved);
      if (followed.isEmpty()) {
        return resolved;
      }
      resolved = followed.get();
      if (LayerPath.length(resolved) > LayerPath.MAX_BYTES
          || resolved.size() > LayerPath.MAX_COMPONENTS) {
        throw new IllegalArgumentException("symbolic links make its path too long");
      }
    }
    throw new IllegalArgumentException("its path leads through too many symbolic links");
  }

  private Optional<List<FileName>> followFirstLink(List<FileName> path) {
    Directory directory = root;
    for (int i = 0; i < path.size(); i++) {
      LayerNode node = directory.entries().get(path.get(i));
      if (node instanceof Leaf leaf && leaf.kind() instanceof LayerNode.SymbolicLink link) {
        List<FileName> followed = LayerPath.join(path.subList(0, i), link.target());
        followed.addAll(path.subList(i + 1, path.size()));
        return Optional.of(followed);
      }
      if (!(node instanceof Directory next)) {
        return Optional.empty();
      }
      directory = next;
    }
    return Optional.empty();
  }
}
