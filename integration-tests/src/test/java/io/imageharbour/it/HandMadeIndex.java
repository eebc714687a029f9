package io.imageharbour.it;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Indexes that our writer would never write, with a checksum that is right ({@code
 * docs/format.md}). Fields are those of {@code index.proto}.
 */
final class HandMadeIndex {

  private static final int TREE = 1;

  private final ByteArrayOutputStream tree = new ByteArrayOutputStream();

  /**
   * A tree of directories of mode 755.
   *
   * @param inodes how many there are
   */
  HandMadeIndex(int inodes) {
    int[] zeros = new int[inodes];
    // modes, uids, gids, seconds and nanos: one row
    numbers(1, 040755).numbers(2, 0).numbers(3, 0).numbers(4, 0).numbers(5, 0);
    // every inode has that row
    numbers(6, zeros).numbers(7, zeros);
  }

  /** One number for each directory: how many names are in it. */
  HandMadeIndex entryCounts(int... counts) {
    return numbers(8, counts);
  }

  HandMadeIndex names(String... names) {
    return bytes(9, (String.join("\0", names) + "\0").getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Makes a name, by its position, one more of an inode. */
  HandMadeIndex hardLink(int position, int inode) {
    return numbers(10, position).numbers(11, inode);
  }

  /** The file. */
  byte[] seal() {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    field(payload, TREE, tree.toByteArray());
    return sealed(
        ByteBuffer.allocate(20 + payload.size())
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) 0x89)
            .put("HARBOUR".getBytes(StandardCharsets.US_ASCII))
            .putInt(1)
            .putInt(payload.size())
            .put(payload.toByteArray())
            .array());
  }

  /** The same file as if a later Harbour had written it. */
  static byte[] ofVersion(int version, byte[] file) {
    byte[] changed = file.clone();
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(8, version);
    return sealed(changed);
  }

  private static byte[] sealed(byte[] file) {
    byte[] sealed = Arrays.copyOf(file, file.length);
    CRC32C checksum = new CRC32C();
    checksum.update(sealed, 0, sealed.length - 4);
    ByteBuffer.wrap(sealed)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(sealed.length - 4, (int) checksum.getValue());
    return sealed;
  }

  private HandMadeIndex numbers(int field, int... values) {
    ByteArrayOutputStream column = new ByteArrayOutputStream();
    for (int value : values) {
      varint(column, value);
    }
    return bytes(field, column.toByteArray());
  }

  private HandMadeIndex bytes(int field, byte[] bytes) {
    field(tree, field, bytes);
    return this;
  }

  private static void field(ByteArrayOutputStream message, int field, byte[] bytes) {
    varint(message, field << 3 | 2);
    varint(message, bytes.length);
    message.writeBytes(bytes);
  }

  private static void varint(ByteArrayOutputStream out, int value) {
    int rest = value;
    while (rest > 127) {
      out.write(rest & 127 | 128);
      rest >>>= 7;
    }
    out.write(rest);
  }
}
