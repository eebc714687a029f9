package io.imageharbour.fusefs.mount;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.imageharbour.indexer.Digest;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The nodes of the content mount. All numbers follow from the tree and the content table, so a
 * restarted process knows every node that the kernel holds.
 *
 * <pre>
 * 1                          the root
 * 2 + 257 image              the directory of an image of the content table
 * 3 + 257 image + 0 … 255    the directories 00 … ff in it
 * 2^48 + row                 the file of a row of the content table
 * </pre>
 *
 * Images that say the same of a content share its row, and so the pages that the kernel has of it.
 */
final class NodeNumbers {

  static final long ROOT = 1;
  private static final long FIRST_IMAGE = 2;
  private static final int NODES_OF_IMAGE = 257;
  private static final long FIRST_FILE = 1L << 48;

  private static final int DIRECTORY_DIGITS = 2;
  private static final int FILE_DIGITS = 2 * Digest.BYTES - DIRECTORY_DIGITS;

  private NodeNumbers() {}

  static boolean isDirectory(long node) {
    return node >= ROOT && node < FIRST_FILE;
  }

  static boolean isFile(long node) {
    return node >= FIRST_FILE;
  }

  /** The row of a file. */
  static long row(long file) {
    return file - FIRST_FILE;
  }

  /** The node of a row. */
  static long file(long row) {
    return row + FIRST_FILE;
  }

  /** The node of an image's directory. */
  static long imageDirectory(long image) {
    return FIRST_IMAGE + image * NODES_OF_IMAGE;
  }

  /** Whether a directory below the root is that of an image. */
  static boolean isImageDirectory(long directory) {
    return (directory - FIRST_IMAGE) % NODES_OF_IMAGE == 0;
  }

  /** The image in whose directory another one lies. */
  static long image(long directory) {
    return (directory - FIRST_IMAGE) / NODES_OF_IMAGE;
  }

  /** The node of the directory with this name in an image's, if a directory can be called so. */
  static Optional<Long> directory(long image, MemorySegment name) {
    int value = name.byteSize() == DIRECTORY_DIGITS ? hexByte(name, 0) : -1;
    return value < 0 ? Optional.empty() : Optional.of(imageDirectory(image) + 1 + value);
  }

  /** The digest of the file with this name in a directory, if a file can be called so. */
  static Optional<Digest> digest(long directory, MemorySegment name) {
    if (name.byteSize() != FILE_DIGITS) {
      return Optional.empty();
    }
    byte[] digest = new byte[Digest.BYTES];
    digest[0] = (byte) (directory - imageDirectory(image(directory)) - 1);
    for (int i = 1; i < digest.length; i++) {
      int value = hexByte(name, 2L * (i - 1));
      if (value < 0) {
        return Optional.empty();
      }
      digest[i] = (byte) value;
    }
    return Optional.of(Digest.fromBytes(digest));
  }

  /** The value of two lower-case hexadecimal digits, negative if they are none. */
  private static int hexByte(MemorySegment name, long offset) {
    int high = hexDigit(name.get(JAVA_BYTE, offset));
    int low = hexDigit(name.get(JAVA_BYTE, offset + 1));
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  private static int hexDigit(byte c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  }
}
