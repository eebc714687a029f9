package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The tree of an image as an EROFS file system without file contents, for overlayfs to lay over
 * data-only layers that hold each content under the path {@code /ab/cdef…} of its digest. The same
 * index always gives the same bytes.
 *
 * <pre>
 * block 0   1,024 bytes left to boot loaders, {@link Superblock}, first inodes
 *   …       inodes, see below
 *   …       shared attributes, see {@link XattrArea}
 *   …       data of directories and links that is not kept behind their inodes,
 *           see {@link DirectoryBlocks}
 * </pre>
 *
 * Numbers are little-endian. All inodes have the extended form:
 *
 * <pre>
 * offset bytes
 *      0     2  format: 1 = extended, plus twice the layout of the data
 *      2     2  attributes beside the inode: 0 if none, else (bytes - 12) / 4 + 1
 *      4     2  mode with type
 *      6     2  zero
 *      8     8  length of the data in bytes
 *     16     4  first block of the data; of a device its number; of a chunk-based file the size of
 *               its chunks, in blocks, as power of two
 *     20     4  number for 32-bit programs: position in the index, from 1
 *     24     8  owner, group
 *     32     8  modification time: seconds since 1970, signed
 *     40     4  and nanoseconds
 *     44     4  how many names the inode has; of a directory, two and its subdirectories
 *     48    16  zero
 *     64        attributes, see {@link XattrArea}
 *               then the rest of the data, or one address of four bytes for each chunk
 * </pre>
 *
 * A regular file keeps its size and is one hole: overlayfs never reads it, and what reads the file
 * system by itself finds zeros. What overlayfs would take for its own is escaped, see {@link
 * OverlayEscapes}.
 *
 * <p>All methods are static and safe for use by several threads.
 *
 * @see <a href="https://docs.kernel.org/filesystems/erofs.html">EROFS - Enhanced Read-Only File
 *     System, "On-disk details"</a>
 * @see <a href="https://erofs.docs.kernel.org/">EROFS documentation, "Core on-disk format"</a>
 */
public final class ErofsImage {

  private static final int EXTENDED = 1;
  private static final int HOLE = -1;

  private final ImageIndex index;
  private final OverlayXattrs overlay;
  private final XattrArea xattrs;
  private final ImagePlan plan;

  private ErofsImage(ImageIndex index) {
    this.index = index;
    overlay = new OverlayXattrs(index);
    xattrs = new XattrArea(index, overlay);
    plan = new ImagePlan(index, overlay, xattrs);
  }

  /**
   * Writes the tree to a file, which is created or replaced. The file is whole when this returns,
   * but not yet safe from a power failure; when it throws, the file is of no use.
   *
   * @param index a valid index, as {@code IndexFormat.read} and {@code IndexBuilder.build} return
   *     it
   * @throws IOException if the file cannot be written
   */
  public static void write(ImageIndex index, Path file) throws IOException {
    ErofsImage image = new ErofsImage(index);
    try (ImageOutput out = ImageOutput.create(file)) {
      image.write(out);
    }
  }

  private void write(ImageOutput out) throws IOException {
    for (int i = 0; i < index.inodes().size(); i++) {
      out.padTo(plan.position(i));
      writeInode(i, out);
    }
    out.padTo((long) plan.sharedBlock() * Erofs.BLOCK_BYTES);
    xattrs.writeShared(out);
    for (int i = 0; i < index.inodes().size(); i++) {
      if (plan.hasDataBlocks(i)) {
        writeData(i, out);
      }
    }
    out.finish(new Superblock(plan.number(0), index.inodes().size(), plan.sharedBlock()));
  }

  private void writeInode(int number, ImageOutput out) throws IOException {
    Inode inode = index.inodes().get(number);
    int xattrBytes = plan.xattrBytes(number);
    ByteBuffer fields = out.room(ImagePlan.INODE_BYTES);
    fields.putShort((short) (EXTENDED | plan.layout(number).number << 1));
    fields.putShort((short) XattrArea.count(xattrBytes));
    fields.putShort((short) (FileKind.of(inode).mode | inode.metadata().permissions()));
    fields.putShort((short) 0);
    fields.putLong(plan.size(number));
    fields.putInt(place(number, inode));
    fields.putInt(number + 1);
    fields.putInt(inode.metadata().uid()).putInt(inode.metadata().gid());
    fields.putLong(inode.metadata().mtimeSeconds()).putInt(inode.metadata().mtimeNanos());
    fields.putInt(plan.links(number));
    fields.putLong(0).putLong(0);
    if (xattrBytes > 0) {
      xattrs.writeBeside(number, out);
    }
    switch (plan.layout(number)) {
      case INLINE -> writeRest(number, inode, out);
      case CHUNKED -> {
        for (int i = ImagePlan.chunks(plan.size(number)).count(); i > 0; i--) {
          out.room(ImagePlan.CHUNK_ADDRESS_BYTES).putInt(HOLE);
        }
      }
      case PLAIN -> {}
    }
  }

  private void writeRest(int number, Inode inode, ImageOutput out) throws IOException {
    switch (inode) {
      case Inode.Directory directory -> {
        DirectoryBlocks blocks = plan.blocks(number, directory);
        blocks.writeBlock(blocks.count() - 1, this::entryTarget, out);
      }
      case Inode.SymbolicLink link -> out.put(link.target());
      default -> throw new AssertionError("no data of " + inode);
    }
  }

  /** Writes the data blocks of an inode. */
  private void writeData(int number, ImageOutput out) throws IOException {
    out.padTo((long) plan.dataBlock(number) * Erofs.BLOCK_BYTES);
    switch (index.inodes().get(number)) {
      case Inode.Directory directory -> {
        DirectoryBlocks blocks = plan.blocks(number, directory);
        boolean restInline = plan.layout(number) == ImagePlan.Layout.INLINE;
        for (int i = 0; i < blocks.count() - (restInline ? 1 : 0); i++) {
          blocks.writeBlock(i, this::entryTarget, out);
          out.padTo(Erofs.roundUp(out.position(), Erofs.BLOCK_BYTES));
        }
      }
      case Inode.SymbolicLink link -> out.put(link.target());
      case Inode inode -> throw new AssertionError("no data of " + inode);
    }
  }

  /** What the field at offset 16 holds. */
  private int place(int number, Inode inode) {
    return switch (inode) {
      case Inode.Directory directory -> plan.dataBlock(number);
      case Inode.SymbolicLink link -> plan.dataBlock(number);
      case Inode.RegularFile file when overlay.isStub(file) ->
          ImagePlan.chunks(plan.size(number)).blockBits();
      case Inode.RegularFile file -> 0;
      case Inode.Device device -> deviceNumber(device);
      case Inode.Fifo fifo -> 0;
      case Inode.Socket socket -> 0;
    };
  }

  /**
   * A device number as Linux writes it to disk: the minor's low byte, the major, the other bits.
   */
  private static int deviceNumber(Inode.Device device) {
    return device.minor() & 0xff | device.major() << 8 | (device.minor() & ~0xff) << 12;
  }

  private DirectoryBlocks.Target entryTarget(int inode) {
    return new DirectoryBlocks.Target(
        plan.number(inode), FileKind.of(index.inodes().get(inode)).entryType);
  }
}
