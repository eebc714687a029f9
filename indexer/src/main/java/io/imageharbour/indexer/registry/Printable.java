package io.imageharbour.indexer.registry;

/** Foreign text made fit for one line of a message: bounded, and without control characters. */
final class Printable {

  private static final int MAX_QUOTED = 200;

  private Printable() {}

  /** The text between quotation marks, cut at 200 characters. */
  static String quote(String text) {
    return '"' + line(text, MAX_QUOTED) + '"';
  }

  /** The text on one line, cut at {@code max} characters. */
  static String line(String text, int max) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), max) + 1);
    int end = Math.min(text.length(), max);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || Character.isSurrogate(c) ? ' ' : c);
    }
    if (end < text.length()) {
      line.append('…');
    }
    return line.toString().strip();
  }
}
