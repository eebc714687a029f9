package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;

/**
 * Where everything goes: superblock, inodes in the order of the index, shared attributes, data
 * blocks. Known before the first byte is written, because directories name the places of inodes.
 *
 * <p>An inode begins at a multiple of 32 bytes and its first 64 bytes do not cross a border of
 * blocks. One that is followed by data does not cross one at all: every kernel reads that.
 */
final class ImagePlan {

  /** How the data of an inode lie. */
  enum Layout {
    /** In blocks of their own, or there are none. */
    PLAIN(0),
    /** Whole blocks apart, and the rest behind the inode. */
    INLINE(2),
    /** In chunks, addressed behind the inode; here all of them are holes. */
    CHUNKED(4);

    /** The number that EROFS gives it. */
    final int number;

    Layout(int number) {
      this.number = number;
    }
  }

  static final int INODE_BYTES = 64;
  static final int CHUNK_ADDRESS_BYTES = 4;

  private static final int NO_DATA = -1;

  /** A longer rest gets a block of its own: to pad before the inode would waste as much. */
  private static final int MAX_INLINE_RECORD_BYTES = Erofs.BLOCK_BYTES / 2;

  private final ImageIndex index;
  private final OverlayXattrs overlay;
  private final XattrArea xattrs;
  private final int[] slots;
  private final Layout[] layouts;
  private final int[] links;
  private final int[] parents;
  private final int[] dataBlocks;
  private final int[] xattrBytes;
  private final long[] sizes;
  private final long sharedBlock;
  private final long firstDataBlock;
  private long end = Superblock.OFFSET + Superblock.BYTES;
  private int dataBlockCount;

  ImagePlan(ImageIndex index, OverlayXattrs overlay, XattrArea xattrs) {
    this.index = index;
    this.overlay = overlay;
    this.xattrs = xattrs;
    int count = index.inodes().size();
    slots = new int[count];
    layouts = new Layout[count];
    links = new int[count];
    parents = new int[count];
    dataBlocks = new int[count];
    xattrBytes = new int[count];
    sizes = new long[count];
    for (int i = 0; i < count; i++) {
      place(i, index.inodes().get(i));
    }
    sharedBlock = Erofs.roundUp(end, Erofs.BLOCK_BYTES) / Erofs.BLOCK_BYTES;
    firstDataBlock =
        sharedBlock + Erofs.roundUp(xattrs.sharedBytes(), Erofs.BLOCK_BYTES) / Erofs.BLOCK_BYTES;
  }

  /** The number of an inode in the image: its position in units of 32 bytes. */
  int number(int inode) {
    return slots[inode];
  }

  /** Where an inode begins in the file, in bytes. */
  long position(int inode) {
    return (long) slots[inode] * Erofs.SLOT_BYTES;
  }

  Layout layout(int inode) {
    return layouts[inode];
  }

  /** How many bytes of attributes follow an inode. */
  int xattrBytes(int inode) {
    return xattrBytes[inode];
  }

  /** Length of an inode's data in bytes. */
  long size(int inode) {
    return sizes[inode];
  }

  /** How many names an inode has; of a directory, two and its subdirectories. */
  int links(int inode) {
    return links[inode];
  }

  /** The data of a directory. */
  DirectoryBlocks blocks(int inode, Inode.Directory directory) {
    return new DirectoryBlocks(directory, inode, parents[inode]);
  }

  /** Whether an inode has data blocks. */
  boolean hasDataBlocks(int inode) {
    return dataBlocks[inode] != NO_DATA;
  }

  /** The first of an inode's data blocks, or 0 if it has none. */
  int dataBlock(int inode) {
    return hasDataBlocks(inode) ? Math.toIntExact(firstDataBlock + dataBlocks[inode]) : 0;
  }

  /** The block that the shared attributes begin with. */
  int sharedBlock() {
    return Math.toIntExact(sharedBlock);
  }

  /** How the size of a file is cut into chunks that have addresses: as few as possible. */
  static ChunkLayout chunks(long size) {
    int bits = 0;
    while (bits < ChunkLayout.MAX_BLOCK_BITS && (long) Erofs.BLOCK_BYTES << bits < size) {
      bits++;
    }
    return new ChunkLayout(bits, Math.toIntExact((size - 1 >>> 12 + bits) + 1));
  }

  /**
   * Chunks of a file.
   *
   * @param blockBits how many blocks a chunk has, as power of two
   * @param count how many chunks
   */
  record ChunkLayout(int blockBits, int count) {
    static final int MAX_BLOCK_BITS = 31;
  }

  private void place(int number, Inode inode) {
    xattrBytes[number] = xattrs.sizeBeside(number);
    layouts[number] = Layout.PLAIN;
    dataBlocks[number] = NO_DATA;
    int bytes = INODE_BYTES + xattrBytes[number];
    switch (inode) {
      case Inode.Directory directory -> {
        link(number, directory);
        sizes[number] = blocks(number, directory).size();
        placeWithData(number, bytes);
      }
      case Inode.SymbolicLink link -> {
        sizes[number] = link.target().length;
        placeWithData(number, bytes);
      }
      case Inode.RegularFile file when overlay.isStub(file) -> {
        sizes[number] = index.contents().get(file.content()).size();
        layouts[number] = Layout.CHUNKED;
        placeRecord(number, bytes + CHUNK_ADDRESS_BYTES * chunks(sizes[number]).count(), false);
      }
      default -> placeRecord(number, bytes, false);
    }
  }

  private void placeWithData(int number, int bytes) {
    int wholeBlocks = Math.toIntExact((sizes[number] - 1) / Erofs.BLOCK_BYTES);
    int rest = (int) (sizes[number] - (long) wholeBlocks * Erofs.BLOCK_BYTES);
    boolean inline = bytes + rest <= MAX_INLINE_RECORD_BYTES;
    if (inline) {
      layouts[number] = Layout.INLINE;
    }
    int blocks = inline ? wholeBlocks : wholeBlocks + 1;
    if (blocks > 0) {
      dataBlocks[number] = dataBlockCount;
      dataBlockCount = Math.addExact(dataBlockCount, blocks);
    }
    placeRecord(number, inline ? bytes + rest : bytes, inline);
  }

  private void placeRecord(int number, int bytes, boolean undivided) {
    long start = Erofs.roundUp(end, Erofs.SLOT_BYTES);
    long room = Erofs.BLOCK_BYTES - start % Erofs.BLOCK_BYTES;
    if (room < (undivided ? bytes : INODE_BYTES)) {
      start += room;
    }
    slots[number] = Math.toIntExact(start / Erofs.SLOT_BYTES);
    end = start + bytes;
  }

  private void link(int number, Inode.Directory directory) {
    links[number] += 2;
    for (DirectoryEntry entry : directory.entries()) {
      if (index.inodes().get(entry.inode()) instanceof Inode.Directory) {
        parents[entry.inode()] = number;
        links[number]++;
      } else {
        links[entry.inode()]++;
      }
    }
  }
}
