package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.format.proto.Tree;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns columns of message Tree into types and metadata of inodes. Inodes of the same mode, owner
 * and time share one object, as most files of a package do.
 */
final class MetadataDecoder {

  private static final int PERMISSIONS = 07777;

  private final int[] modes;
  private final int[] uids;
  private final int[] gids;
  private final long[] seconds;
  private final int[] nanos;
  private final Varints inodeModes;
  private final Varints inodeTimes;
  private final XattrDecoder xattrs;
  private final Map<Long, Metadata> shared = new HashMap<>();
  private final int inodeCount;
  private int inode;
  private long time;
  private int mode;

  MetadataDecoder(WireMessage tree) throws BrokenRuleException {
    inodeModes = tree.numbers(Tree.INODE_MODES_FIELD_NUMBER);
    inodeTimes = tree.numbers(Tree.INODE_TIMES_FIELD_NUMBER);
    inodeCount = inodeModes.count();
    require(inodeCount > 0, "it has no inodes");
    require(
        inodeCount <= Limits.ENTRIES && inodeTimes.count() == inodeCount,
        "the columns of its inodes have %d and %d values",
        inodeCount,
        inodeTimes.count());
    xattrs = new XattrDecoder(tree, inodeCount);
    Varints modeColumn = tree.numbers(Tree.MODES_FIELD_NUMBER);
    int modeCount = modeColumn.count();
    require(modeCount <= inodeCount, "it has more modes than inodes");
    modes = unsigned32(modeColumn, modeCount);
    uids = unsigned32(tree.numbers(Tree.UIDS_FIELD_NUMBER), modeCount);
    gids = unsigned32(tree.numbers(Tree.GIDS_FIELD_NUMBER), modeCount);
    Varints nanoColumn = tree.numbers(Tree.NANOS_FIELD_NUMBER);
    int timeCount = nanoColumn.count();
    require(timeCount <= inodeCount, "it has more times than inodes");
    nanos = unsigned32(nanoColumn, timeCount);
    seconds = deltas(tree.numbers(Tree.SECONDS_FIELD_NUMBER), timeCount);
  }

  /** How many inodes there are. */
  int inodeCount() {
    return inodeCount;
  }

  /** Moves on to the next inode and returns its metadata. */
  Metadata next() throws BrokenRuleException {
    mode = inodeModes.nextBelow(modes.length);
    time += inodeTimes.nextSigned();
    if (time < 0 || time >= seconds.length) {
      throw new BrokenRuleException("an inode has time %d of %d", time, seconds.length);
    }
    List<Xattr> attributes = xattrs.next(inode++);
    if (!attributes.isEmpty()) {
      return metadata(mode, (int) time, attributes);
    }
    long key = (long) mode * seconds.length + time;
    Metadata known = shared.get(key);
    if (known == null) {
      known = metadata(mode, (int) time, List.of());
      shared.put(key, known);
    }
    return known;
  }

  /** The type of the inode whose metadata {@link #next} returned, in the bits of a mode. */
  int type() {
    return modes[mode] & ~PERMISSIONS;
  }

  void requireEnd() throws BrokenRuleException {
    xattrs.requireEnd();
  }

  private Metadata metadata(int mode, int time, List<Xattr> attributes) {
    return new Metadata(
        modes[mode] & PERMISSIONS, uids[mode], gids[mode], seconds[time], nanos[time], attributes);
  }

  private static int[] unsigned32(Varints column, int count) throws BrokenRuleException {
    requireCount(column, count);
    int[] numbers = new int[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = column.nextUnsigned32();
    }
    return numbers;
  }

  private static long[] deltas(Varints column, int count) throws BrokenRuleException {
    requireCount(column, count);
    long[] numbers = new long[count];
    long before = 0;
    for (int i = 0; i < count; i++) {
      before += column.nextSigned();
      numbers[i] = before;
    }
    return numbers;
  }

  private static void requireCount(Varints column, int count) throws BrokenRuleException {
    require(
        column.count() == count,
        "two columns of one table have %d and %d values",
        count,
        column.count());
  }
}
