package io.imageharbour.indexer.erofs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The superblock: 128 bytes, {@value #OFFSET} bytes into the file.
 *
 * <pre>
 * offset bytes
 *      0     4  magic, 0xE0F5E1E2
 *      4     4  checksum: CRC-32C of the first block from the superblock on, this field taken as
 *               zero; begun with all bits set and not inverted at the end
 *      8     4  compatible features: 1 = the checksum is there, 2 = inodes keep mtime
 *     12     1  block size as power of two: 12
 *     13     1  extension slots: 0
 *     14     2  number of the root inode
 *     16     8  how many inodes there are
 *     24    12  build time, which only compact inodes use: 0
 *     36     4  length of the file in blocks
 *     40     4  block that inode numbers count from: 0
 *     44     4  block that numbers of shared attributes count from
 *     48    16  UUID
 *     64    16  volume name: none
 *     80     4  incompatible features: 4 = there are chunk-based files
 *     84    44  compression, further devices, name prefixes, packed inode: none
 * </pre>
 *
 * @param rootNumber number of the root inode
 * @param inodeCount how many inodes there are
 * @param xattrBlock block that numbers of shared attributes count from
 */
record Superblock(int rootNumber, int inodeCount, int xattrBlock) {

  static final int OFFSET = 1024;
  static final int BYTES = 128;

  private static final int MAGIC = 0xE0F5E1E2;
  private static final int CHECKSUM_OFFSET = OFFSET + 4;
  private static final int COMPATIBLE = 1 | 2;
  private static final int BLOCK_BITS = 12;
  private static final int INCOMPATIBLE = 4;

  /**
   * Writes the superblock into the first block of the file, of which all the rest is there.
   *
   * @param blocks length of the file in blocks
   * @param identity digest of the file's other bytes, which the UUID is made of
   */
  void writeTo(byte[] block, long blocks, byte[] identity) {
    ByteBuffer fields = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).position(OFFSET);
    fields.putInt(MAGIC).putInt(0).putInt(COMPATIBLE);
    fields.put((byte) BLOCK_BITS).put((byte) 0);
    fields.putShort((short) rootNumber).putLong(inodeCount);
    fields.putLong(0).putInt(0);
    fields.putInt((int) blocks).putInt(0).putInt(xattrBlock);
    fields.put(uuid(identity)).position(fields.position() + 16);
    fields.putInt(INCOMPATIBLE);
    CRC32C checksum = new CRC32C();
    checksum.update(block, OFFSET, Erofs.BLOCK_BYTES - OFFSET);
    fields.putInt(CHECKSUM_OFFSET, ~(int) checksum.getValue());
  }

  /** A UUID of version 8, which leaves it to us what the bits mean (RFC 9562, section 5.8). */
  private static byte[] uuid(byte[] identity) {
    byte[] uuid = Arrays.copyOf(identity, 16);
    uuid[6] = (byte) (uuid[6] & 0x0f | 0x80);
    uuid[8] = (byte) (uuid[8] & 0x3f | 0x80);
    return uuid;
  }
}
