package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import java.nio.charset.StandardCharsets;

/** Bytes as strings of as many characters, which can be compared and printed. */
final class Latin1 {

  private Latin1() {}

  static String decode(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  static byte[] encode(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Bytes for messages: escaped where they are no ASCII text, a digest if there are many. */
  static String printable(byte[] bytes) {
    if (bytes.length > 80) {
      return bytes.length + " bytes of " + Digest.sha256(bytes);
    }
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      text.append(b > ' ' && b < 0x7f && b != '\\' ? "" + (char) b : "\\x%02x".formatted(b));
    }
    return text.toString();
  }

  /** A string as Linux gets to see it. */
  static String ofUtf8(String text) {
    return decode(text.getBytes(StandardCharsets.UTF_8));
  }
}
