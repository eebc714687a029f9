package io.imageharbour.indexer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One component of a path, as bytes: Linux does not ask that names be UTF-8. Never empty, never "."
 * or "..", at most {@link #MAX_BYTES} long, without "/" and NUL. Immutable. Ordered as unsigned
 * bytes.
 */
public final class FileName implements Comparable<FileName> {

  /** The longest name that Linux file systems take ({@code NAME_MAX}), in bytes. */
  public static final int MAX_BYTES = 255;

  private final byte[] bytes;

  private FileName(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * A name of these bytes.
   *
   * @throws IllegalArgumentException if no file can be called so
   */
  public static FileName of(byte[] bytes) {
    return of(bytes, 0, bytes.length);
  }

  /**
   * A name of {@code length} bytes from {@code offset}.
   *
   * @throws IllegalArgumentException if no file can be called so
   */
  public static FileName of(byte[] bytes, int offset, int length) {
    byte[] name = Arrays.copyOfRange(bytes, offset, offset + length);
    checkLegal(name);
    return new FileName(name);
  }

  /** A name whose bytes are the UTF-8 form of {@code name}. */
  public static FileName of(String name) {
    return of(name.getBytes(StandardCharsets.UTF_8));
  }

  /** The bytes of this name, a copy. */
  public byte[] toBytes() {
    return bytes.clone();
  }

  /** Length in bytes. */
  public int length() {
    return bytes.length;
  }

  /** Whether this name begins with the UTF-8 bytes of {@code prefix}. */
  public boolean startsWith(String prefix) {
    byte[] start = prefix.getBytes(StandardCharsets.UTF_8);
    return bytes.length >= start.length
        && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }

  @Override
  public int compareTo(FileName other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FileName that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** The name decoded as UTF-8 for people; what is not UTF-8 shows as replacement characters. */
  @Override
  public String toString() {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void checkLegal(byte[] bytes) {
    if (bytes.length == 0 || bytes.length > MAX_BYTES) {
      throw new IllegalArgumentException("a file name has 1 to 255 bytes, not " + bytes.length);
    }
    if (bytes[0] == '.' && (bytes.length == 1 || (bytes.length == 2 && bytes[1] == '.'))) {
      throw new IllegalArgumentException("no file may be called \".\" or \"..\"");
    }
    for (byte b : bytes) {
      if (b == '/' || b == 0) {
        throw new IllegalArgumentException("a file name holds no \"/\" and no NUL");
      }
    }
  }
}
