package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.convert.LayerNode.Directory;
import io.imageharbour.indexer.convert.LayerNode.Leaf;
import io.imageharbour.indexer.convert.LayerNode.RegularFile;
import io.imageharbour.indexer.pack.PackedFile;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tree of an index as a bottom layer, for layers that were built on it: what containers on an
 * index image see below their own layers. For one thread.
 */
final class IndexTree {

  private final ImageIndex index;
  private final List<PackedFile> contents;
  private final Map<Integer, Leaf> leaves = new HashMap<>();

  private record Open(Directory made, Inode.Directory of) {}

  private IndexTree(ImageIndex index) {
    this.index = index;
    this.contents = StoredFiles.of(index.stored());
  }

  /**
   * The tree with all contents. What the index says of the root directory is left out, as what
   * layers say of it is.
   *
   * @throws UnconvertibleImageException if it holds a socket, which no layer can
   */
  static Directory of(ImageIndex index) throws UnconvertibleImageException {
    return new IndexTree(index).tree();
  }

  private Directory tree() throws UnconvertibleImageException {
    Directory root = new Directory(Metadatas.UNDESCRIBED_DIRECTORY);
    Deque<Open> open = new ArrayDeque<>();
    open.add(new Open(root, index.root()));
    while (!open.isEmpty()) {
      Open next = open.remove();
      for (DirectoryEntry entry : next.of().entries()) {
        Inode inode = index.inodes().get(entry.inode());
        if (inode instanceof Inode.Directory directory) {
          Directory made = new Directory(directory.metadata());
          next.made().entries().put(entry.name(), made);
          open.add(new Open(made, directory));
        } else {
          next.made().entries().put(entry.name(), leaf(entry.inode(), inode));
        }
      }
    }
    return root;
  }

  /** The same for every name of an inode. */
  private Leaf leaf(int number, Inode inode) throws UnconvertibleImageException {
    Leaf known = leaves.get(number);
    if (known != null) {
      return known;
    }
    Leaf made = new Leaf(kind(inode), inode.metadata());
    leaves.put(number, made);
    return made;
  }

  private LayerNode.Kind kind(Inode inode) throws UnconvertibleImageException {
    return switch (inode) {
      case Inode.RegularFile file -> {
        RegularFile kind = new RegularFile(new LayerNode.Position(0, 0));
        kind.setContent(contents.get(file.content()));
        yield kind;
      }
      case Inode.SymbolicLink link -> new LayerNode.SymbolicLink(link.target());
      case Inode.Device device ->
          new LayerNode.Device(device.block(), device.major(), device.minor());
      case Inode.Fifo _ -> new LayerNode.Fifo();
      case Inode.Socket _ ->
          throw new UnconvertibleImageException("The index that it is built on holds a socket");
      case Inode.Directory directory -> throw new AssertionError(directory);
    };
  }
}
