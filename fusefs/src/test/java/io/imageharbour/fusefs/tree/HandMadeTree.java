package io.imageharbour.fusefs.tree;

import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The tree of an image, made inode by inode, with the contents of a {@link FakeImage}. */
final class HandMadeTree {

  static final Metadata ROOT_METADATA = new Metadata(0755, 0, 0, 0, 0, List.of());

  /** The root directory is the first. */
  final List<Inode> inodes = new ArrayList<>();

  private final FakeImage contents;

  HandMadeTree(FakeImage contents) {
    this.contents = contents;
  }

  /** Makes these the inodes below the root directory. */
  void root(Map<String, Inode> entries) {
    inodes.clear();
    List<DirectoryEntry> names = new ArrayList<>();
    List<Inode> below = new ArrayList<>();
    entries.forEach(
        (name, inode) -> {
          below.add(inode);
          names.add(at(name, below.size()));
        });
    inodes.add(sorted(new Inode.Directory(ROOT_METADATA, names)));
    inodes.addAll(below);
  }

  ImageIndex index() {
    ImageIndex flat = contents.index();
    return new ImageIndex(inodes, flat.contents(), flat.frames(), flat.packs(), flat.origins());
  }

  static Inode.Directory sorted(Inode.Directory directory) {
    return new Inode.Directory(
        directory.metadata(),
        directory.entries().stream().sorted(Comparator.comparing(DirectoryEntry::name)).toList());
  }

  static DirectoryEntry at(String name, int inode) {
    return new DirectoryEntry(FileName.of(name), inode);
  }

  static Metadata metadata(int permissions) {
    return new Metadata(permissions, 0, 0, 0, 0, List.of());
  }
}
