package io.imageharbour.cli.diff;

import io.imageharbour.cli.tree.FileType;
import io.imageharbour.cli.tree.ImageTree;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The tree that an index describes; no content is read, for the index has their digests. */
public final class IndexTree {

  private final ImageTree tree;
  private final SortedMap<String, TreeFile> files = new TreeMap<>();

  private IndexTree(ImageTree tree) {
    this.tree = tree;
  }

  /** A directory that is still to be walked. */
  private record Pending(int inode, String path) {}

  /** The tree of an index that was read with every check. */
  public static FileTree of(ImageIndex index) {
    IndexTree walked = new IndexTree(new ImageTree(index));
    walked.walk();
    return new FileTree(walked.files);
  }

  private void walk() {
    Deque<Pending> pending = new ArrayDeque<>();
    add("/", 0);
    pending.push(new Pending(0, "/"));
    while (!pending.isEmpty()) {
      Pending next = pending.pop();
      Inode.Directory directory = (Inode.Directory) tree.inode(next.inode());
      for (DirectoryEntry entry : directory.entries()) {
        String path = FileTree.child(next.path(), entry.name().toBytes());
        add(path, entry.inode());
        if (tree.inode(entry.inode()) instanceof Inode.Directory) {
          pending.push(new Pending(entry.inode(), path));
        }
      }
    }
  }

  private void add(String path, int number) {
    Inode inode = tree.inode(number);
    Metadata metadata = inode.metadata();
    Optional<byte[]> target = Optional.empty();
    Optional<String> device = Optional.empty();
    Optional<Digest> content = Optional.empty();
    long size = 0;
    switch (inode) {
      case Inode.RegularFile file -> {
        FileContent stored = tree.content(file);
        size = stored.size();
        content = Optional.of(stored.digest());
      }
      case Inode.SymbolicLink link -> {
        size = link.target().length;
        target = Optional.of(link.target());
      }
      case Inode.Device node -> device = Optional.of(node.major() + ":" + node.minor());
      case Inode.Directory _, Inode.Fifo _, Inode.Socket _ -> {}
    }
    SortedMap<String, byte[]> xattrs = new TreeMap<>();
    metadata.xattrs().forEach(xattr -> xattrs.put(xattr.name(), xattr.value()));
    files.put(
        path,
        new TreeFile(
            FileType.of(inode),
            metadata.permissions(),
            TreeFile.owner(metadata.uid(), metadata.gid()),
            TreeFile.time(metadata.mtimeSeconds(), metadata.mtimeNanos()),
            size,
            tree.links(number),
            number,
            target,
            device,
            xattrs,
            content));
  }
}
