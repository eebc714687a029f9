package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.convert.LayerNode.Leaf;
import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.InvalidTreeException;
import io.imageharbour.indexer.format.PlacedContents;
import io.imageharbour.indexer.format.TreeNode;
import io.imageharbour.indexer.pack.PackedChunk;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.recipe.PackedContents;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns merged trees into indexes, and counts what is in them. For one thread. */
final class IndexAssembly {

  private final List<String> origins;
  private final Set<Digest> contents = new HashSet<>();

  private long files;
  private long bytes;
  private long uniqueBytes;
  private long referencedFiles;
  private long referencedBytes;

  /**
   * @param origins the repositories that the packs are in
   */
  IndexAssembly(List<String> origins) {
    this.origins = origins;
  }

  /** Makes the index of a tree whose packs are finished. */
  ImageIndex assemble(MergedTree tree) throws InvalidTreeException {
    PlacedContents placed = new PlacedContents();
    TreeNode.Directory root =
        new OneTree(placed).directory(tree.root()); // hard links are within one tree
    IndexBuilder builder = new IndexBuilder(placed);
    origins.forEach(builder::addOrigin);
    return builder.build(root);
  }

  /** Regular files of all trees; a hard link is no file of its own. */
  long files() {
    return files;
  }

  /** Different contents of all trees. */
  long uniqueFiles() {
    return contents.size();
  }

  /** Size of all files. */
  long bytes() {
    return bytes;
  }

  /** Size of all different contents. */
  long uniqueBytes() {
    return uniqueBytes;
  }

  /** Different contents that were found in packs. */
  long referencedFiles() {
    return referencedFiles;
  }

  /** Size of the different contents that were found in packs. */
  long referencedBytes() {
    return referencedBytes;
  }

  private void count(PackedFile content) {
    files++;
    bytes += content.size();
    if (contents.add(content.digest())) {
      uniqueBytes += content.size();
      boolean found = content.size() > 0;
      for (PackedChunk chunk : content.chunks()) {
        found &= !chunk.frame().isNew();
      }
      if (found) {
        referencedFiles++;
        referencedBytes += content.size();
      }
    }
  }

  private final class OneTree {

    private final PackedContents packed;
    private final Map<Leaf, TreeNode> leaves = new IdentityHashMap<>();

    OneTree(PlacedContents placed) {
      packed = new PackedContents(placed);
    }

    TreeNode.Directory directory(LayerNode.Directory directory) {
      TreeNode.Directory made = new TreeNode.Directory(directory.metadata());
      for (Map.Entry<FileName, LayerNode> entry : directory.entries().entrySet()) {
        switch (entry.getValue()) {
          case LayerNode.Directory child -> made.entries().put(entry.getKey(), directory(child));
          case Leaf leaf ->
              made.entries().put(entry.getKey(), leaves.computeIfAbsent(leaf, this::leaf));
          case LayerNode.Whiteout _ -> {} // has hidden what it had to
        }
      }
      return made;
    }

    private TreeNode leaf(Leaf leaf) {
      return switch (leaf.kind()) {
        case LayerNode.RegularFile file -> {
          PackedFile content =
              file.content().orElseThrow(() -> new AssertionError("a file was not packed"));
          count(content);
          packed.add(content);
          yield new TreeNode.RegularFile(leaf.metadata(), content.digest());
        }
        case LayerNode.SymbolicLink link ->
            new TreeNode.Special(new Inode.SymbolicLink(leaf.metadata(), link.target()));
        case LayerNode.Device device ->
            new TreeNode.Special(
                new Inode.Device(leaf.metadata(), device.block(), device.major(), device.minor()));
        case LayerNode.Fifo _ -> new TreeNode.Special(new Inode.Fifo(leaf.metadata()));
      };
    }
  }
}
