package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;

/** Bytes that others wrote, fit for one line of a log. */
final class Printable {

  private static final int LONGEST = 100;

  private Printable() {}

  /** The beginning of it in quotation marks. */
  static String of(ByteSequence bytes) {
    ByteSequence first = bytes.size() <= LONGEST ? bytes : bytes.substring(0, LONGEST);
    return '"' + of(first.toString(UTF_8)) + (bytes.size() <= LONGEST ? "\"" : "\"…");
  }

  /** All of it. */
  static String of(String text) {
    StringBuilder printable = new StringBuilder(text.length());
    for (char c : text.toCharArray()) {
      printable.append(c < ' ' || c >= 127 || c == '"' ? '?' : c);
    }
    return printable.toString();
  }
}
