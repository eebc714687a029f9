package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.format.proto.Tree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Turns the columns of message Tree into inodes, by the same depth-first walk that numbered them. A
 * directory's names lie together and directories follow each other in the order of the walk, so
 * every column is read from its beginning to its end, once.
 */
final class TreeDecoder {

  private final MetadataDecoder metadata;
  private final Varints entryCounts;
  private final TextColumn names;
  private final Positions hardLinks;
  private final Varints hardLinkInodes;
  private final Varints fileContents;
  private final TextColumn linkTargets;
  private final Varints deviceMajors;
  private final Varints deviceMinors;
  private final int entryCount;

  private final List<Open> path = new ArrayList<>();
  private final Inode[] inodes;
  private int nextInode;
  private int nextContent;
  private int nextEntry;

  /** A directory that is being walked: its names, and what is known of the inodes they refer to. */
  private static final class Open {
    static final int NEXT_IN_WALK = -1;

    final int inode;
    final Metadata metadata;
    final FileName[] names;
    final int[] inodes;
    final DirectoryEntry[] entries;
    int done;

    Open(int inode, Metadata metadata, int count) {
      this.inode = inode;
      this.metadata = metadata;
      names = new FileName[count];
      inodes = new int[count];
      entries = new DirectoryEntry[count];
    }
  }

  TreeDecoder(WireMessage tree) throws BrokenRuleException {
    metadata = new MetadataDecoder(tree);
    int inodeCount = metadata.inodeCount();
    entryCounts = tree.numbers(Tree.ENTRY_COUNTS_FIELD_NUMBER);
    names = tree.texts(Tree.NAMES_FIELD_NUMBER);
    hardLinkInodes = tree.numbers(Tree.HARD_LINK_INODES_FIELD_NUMBER);
    Varints hardLinkColumn = tree.numbers(Tree.HARD_LINKS_FIELD_NUMBER);
    int hardLinkCount = hardLinkColumn.count();
    require(
        inodeCount > 0 && hardLinkCount < Limits.ENTRIES && hardLinkCount == hardLinkInodes.count(),
        "it has %d inodes, and columns of hard links with %d and %d values",
        inodeCount,
        hardLinkCount,
        hardLinkInodes.count());
    entryCount = inodeCount - 1 + hardLinkCount;
    require(
        names.remaining() / 2 >= entryCount,
        "it has %d names in %d bytes",
        entryCount,
        names.remaining());
    hardLinks = new Positions(hardLinkColumn, entryCount);
    fileContents = tree.numbers(Tree.FILE_CONTENTS_FIELD_NUMBER);
    linkTargets = tree.texts(Tree.LINK_TARGETS_FIELD_NUMBER);
    deviceMajors = tree.numbers(Tree.DEVICE_MAJORS_FIELD_NUMBER);
    deviceMinors = tree.numbers(Tree.DEVICE_MINORS_FIELD_NUMBER);
    inodes = new Inode[inodeCount];
  }

  List<Inode> inodes() throws BrokenRuleException {
    decodeNext();
    while (!path.isEmpty()) {
      Open open = path.getLast();
      if (open.done == open.names.length) {
        inodes[open.inode] = new Inode.Directory(open.metadata, Arrays.asList(open.entries));
        path.removeLast();
        continue;
      }
      int entry = open.done++;
      int inode = open.inodes[entry];
      if (inode == Open.NEXT_IN_WALK) {
        if (nextInode == inodes.length) {
          throw new BrokenRuleException("its tree has more than its %d inodes", inodes.length);
        }
        inode = nextInode;
        decodeNext();
      }
      open.entries[entry] = new DirectoryEntry(open.names[entry], inode);
    }
    requireEnd();
    return Arrays.asList(inodes);
  }

  /** Decodes the next inode of the walk; a directory is only opened. */
  private void decodeNext() throws BrokenRuleException {
    int number = nextInode++;
    Metadata common = metadata.next();
    switch (metadata.type()) {
      case FileType.DIRECTORY -> path.add(open(number, common));
      case FileType.REGULAR -> inodes[number] = new Inode.RegularFile(common, content());
      case FileType.SYMBOLIC_LINK ->
          inodes[number] =
              new Inode.SymbolicLink(common, linkTargets.next(Inode.SymbolicLink.MAX_TARGET_BYTES));
      case FileType.BLOCK_DEVICE -> inodes[number] = device(common, true);
      case FileType.CHARACTER_DEVICE -> inodes[number] = device(common, false);
      case FileType.FIFO -> inodes[number] = new Inode.Fifo(common);
      case FileType.SOCKET -> inodes[number] = new Inode.Socket(common);
      default ->
          throw new BrokenRuleException(
              "inode %d has the unknown type %o", number, metadata.type());
    }
  }

  private Open open(int number, Metadata common) throws BrokenRuleException {
    int count = entryCounts.nextBelow(entryCount - nextEntry + 1L);
    Open open = new Open(number, common, count);
    for (int i = 0; i < count; i++) {
      open.names[i] = names.nextName();
      open.inodes[i] =
          hardLinks.passes(nextEntry++)
              ? hardLinkInodes.nextBelow(inodes.length)
              : Open.NEXT_IN_WALK;
    }
    return open;
  }

  private int content() throws BrokenRuleException {
    int back = fileContents.nextBelow(nextContent + 1L);
    return back == 0 ? nextContent++ : nextContent - back;
  }

  private Inode device(Metadata common, boolean block) throws BrokenRuleException {
    return new Inode.Device(
        common, block, deviceMajors.nextBelow(1 << 12), deviceMinors.nextBelow(1 << 20));
  }

  /** Every value of every column must have found its place. */
  private void requireEnd() throws BrokenRuleException {
    metadata.requireEnd();
    require(
        nextInode == inodes.length && nextEntry == entryCount && hardLinks.atEnd(),
        "%d of its %d inodes have no name",
        inodes.length - nextInode,
        inodes.length);
    require(
        !entryCounts.hasNext()
            && !names.hasNext()
            && !fileContents.hasNext()
            && !linkTargets.hasNext()
            && !deviceMajors.hasNext()
            && !deviceMinors.hasNext(),
        "columns of its tree have more values than it has files");
  }
}
