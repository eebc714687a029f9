package io.imageharbour.indexer.format;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.format.proto.Tree;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Turns extended attributes into their columns of message Tree, each set and each name once. */
final class XattrEncoder {

  private final Tree.Builder columns;
  private final Map<List<Xattr>, Integer> sets = new HashMap<>();
  private final Map<String, Integer> names = new HashMap<>();
  private final ByteArrayOutputStream nameBytes = new ByteArrayOutputStream();
  private final ByteArrayOutputStream values = new ByteArrayOutputStream();
  private int before;

  XattrEncoder(Tree.Builder columns) {
    this.columns = columns;
  }

  /** Adds the attributes of an inode, if it has any; inodes come in order of their numbers. */
  void add(int inode, List<Xattr> xattrs) {
    if (xattrs.isEmpty()) {
      return;
    }
    Integer set = sets.get(xattrs);
    if (set == null) {
      set = sets.size();
      sets.put(xattrs, set);
      addSet(xattrs);
    }
    columns.addXattrInodes(inode - before).addXattrInodeSets(set);
    before = inode;
  }

  /** Sets the columns of bytes, when all inodes are added. */
  void finish() {
    columns
        .setXattrNames(ByteString.copyFrom(nameBytes.toByteArray()))
        .setXattrValues(ByteString.copyFrom(values.toByteArray()));
  }

  private void addSet(List<Xattr> xattrs) {
    columns.addXattrCounts(xattrs.size());
    for (Xattr xattr : xattrs) {
      columns
          .addXattrSetNames(names.computeIfAbsent(xattr.name(), this::addName))
          .addXattrLengths(xattr.value().length);
      values.writeBytes(xattr.value());
    }
  }

  private int addName(String name) {
    nameBytes.writeBytes(name.getBytes(StandardCharsets.UTF_8));
    nameBytes.write(0);
    return names.size();
  }
}
