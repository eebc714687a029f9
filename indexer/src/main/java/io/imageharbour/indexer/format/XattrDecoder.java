package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.format.proto.Tree;
import java.util.ArrayList;
import java.util.List;

/** Turns columns of message Tree into the extended attributes of inodes. */
final class XattrDecoder {

  private final List<List<Xattr>> sets;
  private final Positions inodes;
  private final Varints inodeSets;

  XattrDecoder(WireMessage tree, int inodeCount) throws BrokenRuleException {
    sets = sets(tree);
    Varints positions = tree.numbers(Tree.XATTR_INODES_FIELD_NUMBER);
    inodeSets = tree.numbers(Tree.XATTR_INODE_SETS_FIELD_NUMBER);
    require(
        positions.count() == inodeSets.count(),
        "the columns of its extended attributes have %d and %d values",
        positions.count(),
        inodeSets.count());
    inodes = new Positions(positions, inodeCount);
  }

  /** The attributes of the next inode; inodes come in order of their numbers. */
  List<Xattr> next(int inode) throws BrokenRuleException {
    return inodes.passes(inode) ? sets.get(inodeSets.nextBelow(sets.size())) : List.of();
  }

  private static List<List<Xattr>> sets(WireMessage tree) throws BrokenRuleException {
    List<String> names = tree.texts(Tree.XATTR_NAMES_FIELD_NUMBER).strings(Limits.ENTRIES);
    Varints counts = tree.numbers(Tree.XATTR_COUNTS_FIELD_NUMBER);
    Varints setNames = tree.numbers(Tree.XATTR_SET_NAMES_FIELD_NUMBER);
    Varints lengths = tree.numbers(Tree.XATTR_LENGTHS_FIELD_NUMBER);
    ByteColumn values = tree.bytes(Tree.XATTR_VALUES_FIELD_NUMBER);
    require(
        counts.count() <= Limits.ENTRIES
            && setNames.count() <= Limits.ENTRIES
            && setNames.count() == lengths.count(),
        "the columns of its sets of extended attributes have %d, %d and %d values",
        counts.count(),
        setNames.count(),
        lengths.count());
    List<List<Xattr>> sets = new ArrayList<>();
    while (counts.hasNext()) {
      int count = counts.nextBelow(Limits.XATTRS + 1L);
      List<Xattr> set = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Xattr xattr =
            new Xattr(
                names.get(setNames.nextBelow(names.size())),
                values.next(lengths.nextBelow(Xattr.MAX_VALUE_BYTES + 1L)));
        require(
            set.isEmpty() || Xattr.NAME_ORDER.compare(set.getLast(), xattr) < 0,
            "extended attribute %s is not in strictly ascending order",
            Quoted.text(xattr.name()));
        set.add(xattr);
      }
      require(count > 0, "a set of extended attributes is empty");
      sets.add(List.copyOf(set));
    }
    require(
        !setNames.hasNext() && values.remaining() == 0,
        "extended attributes of its payload belong to no set");
    return sets;
  }

  void requireEnd() throws BrokenRuleException {
    require(inodes.atEnd(), "extended attributes of its payload belong to no inode");
  }
}
