package io.imageharbour.pool.process;

/**
 * The value of a field of a log line, escaped: in quotation marks with the escapes of JSON, so that
 * it ends where its field ends, whatever is in it. Without the marks where it needs none.
 */
public final class FieldValue {

  private FieldValue() {}

  /** The value as it stands behind {@code key=}: in quotation marks if it needs them. */
  public static String of(String value) {
    String escaped = escape(value);
    return escaped.equals(value) && !value.contains(" ") && !value.contains("=")
        ? value
        : '"' + escaped + '"';
  }

  /** The value as it stands between quotation marks. */
  static String escape(String value) {
    StringBuilder escaped = new StringBuilder(value.length() + 8);
    value.codePoints().forEach(character -> append(escaped, character));
    return escaped.toString();
  }

  /** Text on one line: only what a terminal may act on is escaped. */
  static String line(String text) {
    StringBuilder line = new StringBuilder(text.length() + 8);
    text.codePoints()
        .forEach(
            character -> {
              if (isPrintable(character)) {
                line.appendCodePoint(character);
              } else {
                append(line, character);
              }
            });
    return line.toString();
  }

  private static void append(StringBuilder escaped, int character) {
    switch (character) {
      case '"', '\\' -> escaped.append('\\').append((char) character);
      case '\n' -> escaped.append("\\n");
      case '\r' -> escaped.append("\\r");
      case '\t' -> escaped.append("\\t");
      default -> {
        if (isPrintable(character)) {
          escaped.appendCodePoint(character);
        } else {
          for (char half : Character.toChars(character)) {
            escaped.append("\\u%04x".formatted((int) half));
          }
        }
      }
    }
  }

  private static boolean isPrintable(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
