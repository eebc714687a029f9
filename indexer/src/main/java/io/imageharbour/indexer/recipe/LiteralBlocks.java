package io.imageharbour.indexer.recipe;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.imageharbour.indexer.LayerRecipe;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * What a recipe has instead of the literal blocks of one archive: headers without what can be told
 * without them. Most of what one header has and the one before it has not is its name's end, its
 * checksum and the size of its file, and neither sums nor random sizes can be compressed.
 *
 * <p>A block is changed if {@code ustar} stands at 257, where headers have it; all dialects but the
 * oldest do. In these fields, then ({@code ^} is exclusive or):
 *
 * <pre>
 *   0 name[100]    as many first bytes as the last name has too are 0. The next one stands as it
 *                  is; but a 0 is written as the last name's byte there, which it can't be
 * 124 size[12]     ^ eleven octal digits of the stored bytes of the file that begins right behind
 *                  the block, and 0; unchanged where none does
 * 148 checksum[8]  ^ six octal digits of the sum of the block's bytes with 8 spaces here, 0, space
 * </pre>
 *
 * The last name is that of the archive's last changed block which was one of PAX records (type x)
 * if this one is, and otherwise of the last that was not; 100 zeros at first.
 *
 * <p>Every block can be put back, whether it is a header or only looks like one, and however a
 * field is filled: a wrong guess makes a recipe larger and nothing else. For one thread.
 */
final class LiteralBlocks {

  static final int SIZE = LayerRecipe.BLOCK;

  private static final int NAME = 100;
  private static final int FILE_SIZE = 124;
  private static final int CHECKSUM = 148;
  private static final int CHECKSUM_END = 156;
  private static final int TYPE = 156;
  private static final int MAGIC = 257;
  private static final byte[] USTAR = {'u', 's', 't', 'a', 'r'};

  private final byte[] lastName = new byte[NAME];
  private final byte[] lastPaxName = new byte[NAME];

  /**
   * Turns the next block of an archive into what a recipe has of it.
   *
   * @param block {@link #SIZE} bytes, changed here
   * @param stored bytes of the file that begins right behind it, if one does
   */
  void reduce(byte[] block, OptionalLong stored) {
    if (!isHeader(block)) {
      return;
    }
    foldChecksum(block);
    foldSize(block, stored);
    byte[] last = lastName(block);
    byte[] name = Arrays.copyOf(block, NAME);
    int different = Arrays.mismatch(name, last);
    Arrays.fill(block, 0, different < 0 ? NAME : different, (byte) 0);
    if (different >= 0 && name[different] == 0) {
      block[different] = last[different];
    }
    System.arraycopy(name, 0, last, 0, NAME);
  }

  /**
   * Turns what a recipe has of the next block into the block again.
   *
   * @param block {@link #SIZE} bytes, changed here
   * @param stored as for {@link #reduce}
   */
  void restore(byte[] block, OptionalLong stored) {
    if (!isHeader(block)) {
      return;
    }
    byte[] last = lastName(block);
    int same = 0;
    while (same < NAME && block[same] == 0) {
      block[same] = last[same];
      same++;
    }
    if (same < NAME && block[same] == last[same]) {
      block[same] = 0;
    }
    System.arraycopy(block, 0, last, 0, NAME);
    foldSize(block, stored);
    foldChecksum(block);
  }

  private static boolean isHeader(byte[] block) {
    return Arrays.equals(block, MAGIC, MAGIC + USTAR.length, USTAR, 0, USTAR.length);
  }

  private byte[] lastName(byte[] block) {
    return block[TYPE] == 'x' ? lastPaxName : lastName;
  }

  private static void foldSize(byte[] block, OptionalLong stored) {
    if (stored.isPresent()) {
      fold(block, FILE_SIZE, "%011o\0".formatted(stored.getAsLong() & (1L << 33) - 1));
    }
  }

  private static void foldChecksum(byte[] block) {
    int sum = (CHECKSUM_END - CHECKSUM) * ' ';
    for (int i = 0; i < SIZE; i++) {
      sum += i < CHECKSUM || i >= CHECKSUM_END ? block[i] & 0xff : 0;
    }
    fold(block, CHECKSUM, "%06o\0 ".formatted(sum));
  }

  /** Twice is the same as not at all. */
  private static void fold(byte[] block, int offset, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    for (int i = 0; i < bytes.length; i++) {
      block[offset + i] ^= bytes[i];
    }
  }
}
