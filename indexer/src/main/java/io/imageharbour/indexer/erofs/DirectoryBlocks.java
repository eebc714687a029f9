package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.Inode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The data of a directory: blocks of entries, each block's entries followed by their names. Names
 * ascend by unsigned bytes from the first block to the last, "." and ".." among the others, because
 * the kernel looks for a name by halving. A block holds as many entries as fit; the last one ends
 * with its last name, the others are filled up with zeros. An entry is
 *
 * <pre>
 * offset bytes
 *      0     8  number of the inode
 *      8     2  where the name begins in the block; so the first entry tells how many there are
 *     10     1  type of the file: 1 regular, 2 directory, 3 and 4 character and block device,
 *               5 named pipe, 6 socket, 7 symbolic link
 *     11     1  zero
 * </pre>
 */
final class DirectoryBlocks {

  private static final int ENTRY_BYTES = 12;
  private static final byte[] DOT = {'.'};
  private static final byte[] DOT_DOT = {'.', '.'};

  private final List<DirectoryEntry> entries;
  private final int inode;
  private final int parent;
  private final int dot;
  private final int dotDot;

  /** For each block the first of its entries, and at the end how many entries there are. */
  private int[] starts = new int[2];

  private int blocks;
  private int lastBlockBytes;

  /**
   * Lays out a directory.
   *
   * @param inode position of the directory's inode in the index
   * @param parent position of the inode of the directory that it lies in; its own for the root
   */
  DirectoryBlocks(Inode.Directory directory, int inode, int parent) {
    this.entries = directory.entries();
    this.inode = inode;
    this.parent = parent;
    this.dot = countBefore(DOT);
    this.dotDot = countBefore(DOT_DOT) + 1;
    layOut();
  }

  /** Length of the data in bytes. */
  long size() {
    return (blocks - 1L) * Erofs.BLOCK_BYTES + lastBlockBytes;
  }

  /** How many blocks there are, the last one included. */
  int count() {
    return blocks;
  }

  /**
   * Writes one block, without filling it up.
   *
   * @param targets what the inode at a position of the index is in the image
   */
  void writeBlock(int block, IntFunction<Target> targets, ImageOutput out) throws IOException {
    ByteBuffer buffer = out.room(Erofs.BLOCK_BYTES);
    int first = starts[block];
    int end = starts[block + 1];
    int nameOffset = (end - first) * ENTRY_BYTES;
    for (int i = first; i < end; i++) {
      Target target = targets.apply(inodeOf(i));
      buffer.putLong(target.number);
      buffer.putShort((short) nameOffset);
      buffer.put((byte) target.type).put((byte) 0);
      nameOffset += nameLength(i);
    }
    for (int i = first; i < end; i++) {
      if (i == dot) {
        buffer.put(DOT);
      } else if (i == dotDot) {
        buffer.put(DOT_DOT);
      } else {
        buffer.put(entry(i).name().toBytes());
      }
    }
  }

  private void layOut() {
    int used = 0;
    for (int i = 0; i < entries.size() + 2; i++) {
      int bytes = ENTRY_BYTES + nameLength(i);
      if (blocks == 0 || used + bytes > Erofs.BLOCK_BYTES) {
        starts = blocks + 1 < starts.length ? starts : Arrays.copyOf(starts, 2 * starts.length);
        starts[blocks++] = i;
        used = 0;
      }
      used += bytes;
    }
    starts[blocks] = entries.size() + 2;
    lastBlockBytes = used;
  }

  private int nameLength(int position) {
    return position == dot ? 1 : position == dotDot ? 2 : entry(position).name().length();
  }

  private int inodeOf(int position) {
    return position == dot ? inode : position == dotDot ? parent : entry(position).inode();
  }

  /** The entry at a position that is neither "." nor "..". */
  private DirectoryEntry entry(int position) {
    return entries.get(position - (position > dot ? 1 : 0) - (position > dotDot ? 1 : 0));
  }

  private int countBefore(byte[] name) {
    int count = 0;
    while (count < entries.size()
        && Arrays.compareUnsigned(entries.get(count).name().toBytes(), name) < 0) {
      count++;
    }
    return count;
  }

  /**
   * What a name refers to.
   *
   * @param number the inode's number in the image
   * @param type its type, as directory entries have it
   */
  record Target(int number, int type) {}
}
