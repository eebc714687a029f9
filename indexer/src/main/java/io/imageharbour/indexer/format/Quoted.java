package io.imageharbour.indexer.format;

import java.nio.charset.StandardCharsets;

/** Text from outside made fit for a message: in quotes, short, and on one line. */
final class Quoted {

  private static final int LONGEST = 200;

  private Quoted() {}

  static String text(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .limit(LONGEST)
        .forEach(
            c -> {
              if (Character.isISOControl(c) || c == '"' || c == '\\') {
                quoted.append("\\x%02x".formatted(c));
              } else {
                quoted.appendCodePoint(c);
              }
            });
    return quoted.append(text.length() > LONGEST ? "…\"" : "\"").toString();
  }

  static String bytes(byte[] bytes) {
    return text(new String(bytes, StandardCharsets.UTF_8));
  }
}
