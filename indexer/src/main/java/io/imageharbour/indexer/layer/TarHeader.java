package io.imageharbour.indexer.layer;

import java.util.Arrays;

/**
 * The 512-byte block before every member of a tar archive, in its dialects: Unix V7, POSIX ustar
 * (PAX uses the same), old GNU, and star.
 *
 * <pre>
 *   0 name[100]   100 mode[8]  108 uid[8]  116 gid[8]  124 size[12]  136 mtime[12]
 * 148 checksum[8] 156 type     157 linkname[100]       257 magic[6]  263 version[2]
 * 265 owner[32]   297 group[32] 329 major[8]  337 minor[8]  345 prefix[155] (star: [131])
 * </pre>
 *
 * Numbers are octal text, or big-endian two's complement where the first bit is set.
 *
 * @see <a href="https://www.gnu.org/software/tar/manual/html_node/Standard.html">GNU tar, basic
 *     format</a>
 */
final class TarHeader {

  static final int SIZE = 512;

  private static final byte[] USTAR = {'u', 's', 't', 'a', 'r', 0, '0', '0'};
  private static final byte[] GNU = {'u', 's', 't', 'a', 'r', ' ', ' ', 0};
  private static final byte[] STAR = {'t', 'a', 'r', 0};
  private static final int CHECKSUM = 148;

  private final byte[] block;

  TarHeader(byte[] block) {
    this.block = block;
  }

  boolean isZero() {
    return block[0] == 0 && Arrays.equals(block, new byte[SIZE]);
  }

  /** Whether the checksum fits; old programs summed signed bytes. */
  boolean hasRightChecksum() {
    long expected = number(CHECKSUM, 8);
    long unsigned = 8 * ' ';
    for (int i = 0; i < SIZE; i++) {
      unsigned += block[i] & 0xff;
    }
    for (int i = CHECKSUM; i < CHECKSUM + 8; i++) {
      unsigned -= block[i] & 0xff;
    }
    return expected == unsigned || expected == unsigned - 256L * negativeBytes();
  }

  private int negativeBytes() {
    int count = 0;
    for (int i = 0; i < SIZE; i++) {
      count += (i < CHECKSUM || i >= CHECKSUM + 8) && block[i] < 0 ? 1 : 0;
    }
    return count;
  }

  char type() {
    return (char) (block[156] & 0xff);
  }

  /** The name with the prefix of the dialects that have one. */
  byte[] name() {
    byte[] name = text(0, 100);
    byte[] prefix = prefix();
    if (prefix.length == 0) {
      return name;
    }
    byte[] joined = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
    joined[prefix.length] = '/';
    System.arraycopy(name, 0, joined, prefix.length + 1, name.length);
    return joined;
  }

  byte[] linkName() {
    return text(157, 100);
  }

  long mode() {
    return number(100, 8);
  }

  long uid() {
    return number(108, 8);
  }

  long gid() {
    return number(116, 8);
  }

  long size() {
    return number(124, 12);
  }

  long mtime() {
    return number(136, 12);
  }

  long major() {
    return isVersion7() ? 0 : number(329, 8);
  }

  long minor() {
    return isVersion7() ? 0 : number(337, 8);
  }

  private boolean has(byte[] magic) {
    return Arrays.equals(block, 257, 265, magic, 0, magic.length);
  }

  private boolean isVersion7() {
    return !Arrays.equals(block, 257, 262, USTAR, 0, 5);
  }

  private byte[] prefix() {
    if (has(USTAR)) {
      boolean star = Arrays.equals(block, 508, 512, STAR, 0, 4);
      return text(345, star ? 131 : 155);
    }
    return has(GNU) && hasPrefixInGnuFormat() ? text(345, 155) : new byte[0];
  }

  /**
   * Old GNU headers hold access and change time where ustar has the prefix. Go before 1.8, and so
   * Docker of that age, wrote a prefix there all the same; it is no number, and plain ASCII.
   */
  private boolean hasPrefixInGnuFormat() {
    if (isNumberOrUnset(345) && isNumberOrUnset(357)) {
      return false;
    }
    for (byte b : text(345, 155)) {
      if (b < 0) {
        return false;
      }
    }
    return true;
  }

  private boolean isNumberOrUnset(int offset) {
    if (block[offset] == 0) {
      return true;
    }
    try {
      number(offset, 12);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Bytes up to the first NUL. */
  private byte[] text(int offset, int length) {
    int end = offset;
    while (end < offset + length && block[end] != 0) {
      end++;
    }
    return Arrays.copyOfRange(block, offset, end);
  }

  private long number(int offset, int length) {
    return (block[offset] & 0x80) != 0 ? binary(offset, length) : octal(offset, length);
  }

  private long binary(int offset, int length) {
    boolean negative = (block[offset] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = 0; i < length; i++) {
      int b = block[offset + i] & 0xff;
      if (i == 0) {
        b = negative ? b : b & 0x7f;
      }
      if (value >> 55 != (negative ? -1 : 0)) {
        throw new IllegalArgumentException("a number in the header does not fit into 64 bits");
      }
      value = value << 8 | b;
    }
    return value;
  }

  /** Digits between spaces and NULs. */
  private long octal(int offset, int length) {
    long value = 0;
    boolean begun = false;
    boolean ended = false;
    for (int i = offset; i < offset + length; i++) {
      int digit = block[i] - '0';
      if (digit >= 0 && digit < 8 && !ended && value >>> 60 == 0) {
        value = value << 3 | digit;
        begun = true;
      } else if (block[i] == 0 || block[i] == ' ') {
        ended = begun;
      } else {
        throw new IllegalArgumentException("a number in the header is not octal");
      }
    }
    return value;
  }
}
