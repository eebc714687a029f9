package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.StoredContents;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the canonical {@link ImageIndex} of a tree: what was added in any order gets the order that
 * the index prescribes, and what the tree does not refer to is left out. Where the same content or
 * pack is added twice, the first stays. Not safe for use by several threads.
 */
public final class IndexBuilder {

  private final PlacedContents contents;
  private final LinkedHashSet<String> origins = new LinkedHashSet<>();

  public IndexBuilder() {
    this(new PlacedContents());
  }

  /** For trees that refer to these contents; more may be added to them. */
  public IndexBuilder(PlacedContents contents) {
    this.contents = contents;
  }

  /** Names a repository ({@code host/name}) that the packs were pushed to; order is kept. */
  public IndexBuilder addOrigin(String origin) {
    origins.add(origin);
    return this;
  }

  /** Says how big a pack is that chunks lie in; may come after the contents. */
  public IndexBuilder addPack(Digest digest, long size) {
    contents.addPack(digest, size);
    return this;
  }

  /** Says of what a content consists. */
  public IndexBuilder addContent(Digest digest, long size, List<PlacedChunk> chunks) {
    contents.addContent(digest, size, chunks);
    return this;
  }

  /**
   * Makes every content of another index known, with its packs, so that the tree can refer to them;
   * its origins are not taken over.
   */
  public IndexBuilder addContentsOf(ImageIndex known) {
    contents.addAll(known.stored());
    return this;
  }

  /** Whether a content was added, so that the tree may refer to it. */
  public boolean hasContent(Digest digest) {
    return contents.has(digest);
  }

  /**
   * Puts the index together. The builder can be used again, for another tree over the same
   * contents.
   *
   * @throws InvalidTreeException if the tree refers to a content or pack that was not added, or
   *     breaks a rule or limit of the index
   */
  public ImageIndex build(TreeNode.Directory root) throws InvalidTreeException {
    Numbering numbering = new Numbering();
    List<Inode> inodes = numbering.inodes(root);
    StoredContents stored = contents.select(numbering.contentNumbers.keySet());
    ImageIndex index =
        new ImageIndex(
            inodes, stored.contents(), stored.frames(), stored.packs(), List.copyOf(origins));
    IndexValidator.requireBuildable(index);
    return index;
  }

  /** Numbers inodes and contents as a depth-first walk meets them. */
  private static final class Numbering {
    private final List<@Nullable Inode> inodes = new ArrayList<>();
    private final IdentityHashMap<TreeNode, Integer> inodeNumbers = new IdentityHashMap<>();
    final Map<Digest, Integer> contentNumbers = new LinkedHashMap<>();

    /** A directory whose entries are being walked. */
    private record Open(
        int inode,
        TreeNode.Directory node,
        Iterator<Map.Entry<FileName, TreeNode>> rest,
        List<DirectoryEntry> done) {}

    @SuppressWarnings("NullAway") // every directory's place is filled when its walk ends
    List<Inode> inodes(TreeNode.Directory root) throws InvalidTreeException {
      ArrayList<Open> path = new ArrayList<>();
      path.add(open(root));
      while (!path.isEmpty()) {
        Open open = path.getLast();
        if (!open.rest.hasNext()) {
          inodes.set(open.inode, new Inode.Directory(open.node.metadata(), open.done));
          path.removeLast();
          continue;
        }
        Map.Entry<FileName, TreeNode> entry = open.rest.next();
        TreeNode node = entry.getValue();
        Integer known = inodeNumbers.get(node);
        if (known == null && node instanceof TreeNode.Directory directory) {
          Open next = open(directory);
          open.done.add(new DirectoryEntry(entry.getKey(), next.inode));
          path.add(next);
        } else if (node instanceof TreeNode.Directory) {
          throw new InvalidTreeException(
              "a directory has a second name, \"" + entry.getKey() + "\"");
        } else {
          open.done.add(
              new DirectoryEntry(entry.getKey(), known != null ? known : number(node, leaf(node))));
        }
      }
      return (List<Inode>) inodes;
    }

    private Open open(TreeNode.Directory directory) {
      return new Open(
          number(directory, null),
          directory,
          directory.entries().entrySet().iterator(),
          new ArrayList<>(directory.entries().size()));
    }

    private int number(TreeNode node, @Nullable Inode inode) {
      inodes.add(inode);
      inodeNumbers.put(node, inodes.size() - 1);
      return inodes.size() - 1;
    }

    private Inode leaf(TreeNode node) {
      return switch (node) {
        case TreeNode.RegularFile file ->
            new Inode.RegularFile(
                file.metadata(),
                contentNumbers.computeIfAbsent(file.content(), _ -> contentNumbers.size()));
        case TreeNode.Special special -> special.inode();
        case TreeNode.Directory directory -> throw new AssertionError(directory);
      };
    }
  }
}
