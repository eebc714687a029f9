package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Pack;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
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

  private static final Comparator<PlacedFrame> FRAME_ORDER =
      Comparator.comparing(PlacedFrame::pack)
          .thenComparingLong(PlacedFrame::offset)
          .thenComparingInt(PlacedFrame::compressedSize)
          .thenComparingInt(PlacedFrame::size);

  private record PlacedContent(Digest digest, long size, List<PlacedChunk> chunks) {}

  private final Map<Digest, PlacedContent> contents = new HashMap<>();
  private final Map<Digest, Pack> packs = new HashMap<>();
  private final LinkedHashSet<String> origins = new LinkedHashSet<>();

  public IndexBuilder() {
    contents.put(Digest.EMPTY, new PlacedContent(Digest.EMPTY, 0, List.of()));
  }

  /** Names a repository ({@code host/name}) that the packs were pushed to; order is kept. */
  public IndexBuilder addOrigin(String origin) {
    origins.add(origin);
    return this;
  }

  /** Says how big a pack is that chunks lie in; may come after the contents. */
  public IndexBuilder addPack(Digest digest, long size) {
    packs.putIfAbsent(digest, new Pack(digest, size));
    return this;
  }

  /** Says of what a content consists. */
  public IndexBuilder addContent(Digest digest, long size, List<PlacedChunk> chunks) {
    contents.putIfAbsent(digest, new PlacedContent(digest, size, List.copyOf(chunks)));
    return this;
  }

  /**
   * Makes every content of another index known, with its packs, so that the tree can refer to them;
   * its origins are not taken over.
   */
  public IndexBuilder addContentsOf(ImageIndex known) {
    known.packs().forEach(pack -> addPack(pack.digest(), pack.size()));
    List<PlacedFrame> frames =
        known.frames().stream()
            .map(
                frame ->
                    new PlacedFrame(
                        known.packs().get(frame.pack()).digest(),
                        frame.offset(),
                        frame.compressedSize(),
                        frame.size()))
            .toList();
    for (FileContent content : known.contents()) {
      addContent(
          content.digest(),
          content.size(),
          content.chunks().stream()
              .map(
                  chunk ->
                      new PlacedChunk(
                          chunk.digest(), chunk.size(), frames.get(chunk.frame()), chunk.offset()))
              .toList());
    }
    return this;
  }

  /** Whether a content was added, so that the tree may refer to it. */
  public boolean hasContent(Digest digest) {
    return contents.containsKey(digest);
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
    ImageIndex index = place(inodes, numbering.contents);
    IndexValidator.requireBuildable(index);
    return index;
  }

  private ImageIndex place(List<Inode> inodes, List<PlacedContent> used)
      throws InvalidTreeException {
    Map<PlacedFrame, Integer> frameNumbers = new HashMap<>();
    for (PlacedContent content : used) {
      content.chunks.forEach(chunk -> frameNumbers.put(chunk.frame(), 0));
    }
    List<Frame> frames = new ArrayList<>(frameNumbers.size());
    List<Pack> usedPacks = new ArrayList<>();
    for (PlacedFrame frame : frameNumbers.keySet().stream().sorted(FRAME_ORDER).toList()) {
      if (usedPacks.isEmpty() || !usedPacks.getLast().digest().equals(frame.pack())) {
        Pack pack = packs.get(frame.pack());
        if (pack == null) {
          throw new InvalidTreeException("its contents lie in the unknown pack " + frame.pack());
        }
        usedPacks.add(pack);
      }
      frameNumbers.put(frame, frames.size());
      frames.add(
          new Frame(usedPacks.size() - 1, frame.offset(), frame.compressedSize(), frame.size()));
    }
    List<FileContent> placed = new ArrayList<>(used.size());
    for (PlacedContent content : used) {
      List<Chunk> chunks = new ArrayList<>(content.chunks.size());
      for (PlacedChunk chunk : content.chunks) {
        int frame = frameNumbers.getOrDefault(chunk.frame(), -1);
        chunks.add(new Chunk(chunk.digest(), chunk.size(), frame, chunk.offset()));
      }
      placed.add(new FileContent(content.digest, content.size, chunks));
    }
    return new ImageIndex(inodes, placed, frames, usedPacks, List.copyOf(origins));
  }

  /** Numbers inodes and contents as a depth-first walk meets them. */
  private final class Numbering {
    private final List<@Nullable Inode> inodes = new ArrayList<>();
    private final IdentityHashMap<TreeNode, Integer> inodeNumbers = new IdentityHashMap<>();
    private final Map<Digest, Integer> contentNumbers = new HashMap<>();
    final List<PlacedContent> contents = new ArrayList<>();

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

    private Inode leaf(TreeNode node) throws InvalidTreeException {
      return switch (node) {
        case TreeNode.RegularFile file ->
            new Inode.RegularFile(file.metadata(), contentNumber(file.content()));
        case TreeNode.Special special -> special.inode();
        case TreeNode.Directory directory -> throw new AssertionError(directory);
      };
    }

    private int contentNumber(Digest digest) throws InvalidTreeException {
      Integer known = contentNumbers.get(digest);
      if (known != null) {
        return known;
      }
      PlacedContent content = IndexBuilder.this.contents.get(digest);
      if (content == null) {
        throw new InvalidTreeException("a file has the unknown content " + digest);
      }
      contents.add(content);
      contentNumbers.put(digest, contents.size() - 1);
      return contents.size() - 1;
    }
  }
}
