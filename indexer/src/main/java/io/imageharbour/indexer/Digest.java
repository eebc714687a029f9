package io.imageharbour.indexer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A SHA-256 digest: the name of a file's contents, of a chunk or of a blob. Kept as four big-endian
 * words, so that a table of a hundred thousand of them is cheap. Ordered as its bytes are,
 * unsigned.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests">OCI
 *     image specification, digests</a>
 */
public record Digest(long word0, long word1, long word2, long word3) implements Comparable<Digest> {

  /** Length of a digest in bytes. */
  public static final int BYTES = 32;

  private static final String PREFIX = "sha256:";
  private static final HexFormat HEX = HexFormat.of();
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** The digest of no bytes at all (last of the constants, because it is computed with them). */
  public static final Digest EMPTY = sha256(new byte[0]);

  /** Reads a digest from {@link #BYTES} raw bytes that begin at {@code offset}. */
  public static Digest fromBytes(byte[] bytes, int offset) {
    return new Digest(
        (long) WORD.get(bytes, offset),
        (long) WORD.get(bytes, offset + 8),
        (long) WORD.get(bytes, offset + 16),
        (long) WORD.get(bytes, offset + 24));
  }

  /** Reads a digest from exactly {@link #BYTES} raw bytes. */
  public static Digest fromBytes(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a SHA-256 digest has 32 bytes, not " + bytes.length);
    }
    return fromBytes(bytes, 0);
  }

  /** Reads a digest from 64 lower-case hexadecimal digits. */
  public static Digest fromHex(String hex) {
    if (hex.length() != 2 * BYTES || !hex.chars().allMatch(Digest::isLowerHex)) {
      throw new IllegalArgumentException(
          "not 64 lower-case hexadecimal digits: \"" + abbreviate(hex) + "\"");
    }
    return fromBytes(HEX.parseHex(hex));
  }

  /** Reads a digest in the form {@code sha256:…}, the only algorithm that Harbour accepts. */
  public static Digest parse(String digest) {
    if (!digest.startsWith(PREFIX)) {
      throw new IllegalArgumentException("not a sha256 digest: \"" + abbreviate(digest) + "\"");
    }
    return fromHex(digest.substring(PREFIX.length()));
  }

  /** Computes the digest of a whole array. */
  public static Digest sha256(byte[] bytes) {
    return fromBytes(newMessageDigest().digest(bytes));
  }

  /** Computes the digest of what remains in a buffer, and consumes it. */
  public static Digest sha256(ByteBuffer bytes) {
    MessageDigest sha256 = newMessageDigest();
    sha256.update(bytes);
    return fromBytes(sha256.digest());
  }

  /** A fresh SHA-256 computation. */
  public static MessageDigest newMessageDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The raw bytes, {@link #BYTES} of them. */
  public byte[] toBytes() {
    byte[] bytes = new byte[BYTES];
    writeTo(bytes, 0);
    return bytes;
  }

  /** Writes the raw bytes to {@code target}, from {@code offset}. */
  public void writeTo(byte[] target, int offset) {
    WORD.set(target, offset, word0);
    WORD.set(target, offset + 8, word1);
    WORD.set(target, offset + 16, word2);
    WORD.set(target, offset + 24, word3);
  }

  /** 64 lower-case hexadecimal digits. */
  public String hex() {
    return HEX.formatHex(toBytes());
  }

  @Override
  public int compareTo(Digest other) {
    int order = Long.compareUnsigned(word0, other.word0);
    if (order == 0) {
      order = Long.compareUnsigned(word1, other.word1);
    }
    if (order == 0) {
      order = Long.compareUnsigned(word2, other.word2);
    }
    return order != 0 ? order : Long.compareUnsigned(word3, other.word3);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(word0);
  }

  /** The form that registries use: {@code sha256:} and the hexadecimal digits. */
  @Override
  public String toString() {
    return PREFIX + hex();
  }

  private static boolean isLowerHex(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }

  private static String abbreviate(String text) {
    return text.length() <= 100 ? text : text.substring(0, 100) + "…";
  }
}
