package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.convert.LayerNode.Leaf;
import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.InvalidTreeException;
import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.format.TreeNode;
import io.imageharbour.indexer.pack.PackedChunk;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.pack.PackedFrame;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/** Turns merged trees into indexes, and counts what is in them. For one thread. */
final class IndexAssembly {

  private final String origin;
  private final Set<Digest> contents = new HashSet<>();

  private long files;
  private long bytes;
  private long uniqueBytes;
  private long referencedFiles;
  private long referencedBytes;

  /**
   * @param origin the repository that all packs are in
   */
  IndexAssembly(String origin) {
    this.origin = origin;
  }

  /** Makes the index of a tree whose packs are finished. */
  ImageIndex assemble(MergedTree tree) throws InvalidTreeException {
    IndexBuilder builder = new IndexBuilder().addOrigin(origin);
    TreeNode.Directory root =
        new OneTree(builder).directory(tree.root()); // hard links are within one tree
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

    private final IndexBuilder builder;
    private final Map<Leaf, TreeNode> leaves = new IdentityHashMap<>();
    private final Map<PackedFrame, PlacedFrame> frames = new IdentityHashMap<>();

    OneTree(IndexBuilder builder) {
      this.builder = builder;
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
          addContent(content);
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

    private void addContent(PackedFile content) {
      if (builder.hasContent(content.digest())) {
        return;
      }
      builder.addContent(
          content.digest(),
          content.size(),
          content.chunks().stream()
              .map(
                  chunk ->
                      new PlacedChunk(
                          chunk.digest(),
                          chunk.size(),
                          frames.computeIfAbsent(chunk.frame(), this::frame),
                          chunk.offset()))
              .toList());
    }

    private PlacedFrame frame(PackedFrame frame) {
      builder.addPack(frame.pack().digest(), frame.pack().size());
      return new PlacedFrame(
          frame.pack().digest(), frame.offset(), frame.compressedSize(), frame.size());
    }
  }
}
