package io.imageharbour.cli.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;

/**
 * Text from outside, made harmless for a terminal: whatever is not a printable character of UTF-8
 * shows as the escapes of C, as with {@code ls -b} of GNU coreutils. Beyond those, characters that
 * turn the direction of writing or take no room are escaped too, so that a name cannot look like
 * another one.
 */
public final class Escaped {

  private static final String NAMED = "\007\b\t\n\013\f\r";
  private static final String LETTERS = "abtnvfr";

  private Escaped() {}

  /**
   * A file name or a path: backslashes and spaces are escaped too, so that {@link #parse} can undo
   * it.
   */
  public static String name(byte[] name) {
    return escape(name, " \\");
  }

  /** A line for people, such as an error message; only what a terminal may act on is escaped. */
  public static String line(String line) {
    return escape(line.getBytes(StandardCharsets.UTF_8), "");
  }

  /**
   * The bytes that {@link #name} has shown; a backslash that begins no escape stands for itself.
   */
  public static byte[] parse(String escaped) {
    byte[] text = escaped.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length);
    for (int i = 0; i < text.length; i++) {
      if (text[i] != '\\' || i + 1 == text.length) {
        bytes.write(text[i]);
        continue;
      }
      char next = (char) text[i + 1];
      int named = LETTERS.indexOf(next);
      if (named >= 0) {
        bytes.write(NAMED.charAt(named));
        i++;
      } else if (next == '\\' || next == ' ') {
        bytes.write(next);
        i++;
      } else if (i + 3 < text.length
          && next <= '3'
          && isOctal(next)
          && isOctal(text[i + 2])
          && isOctal(text[i + 3])) {
        bytes.write((next - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
        i += 3;
      } else {
        bytes.write('\\');
      }
    }
    return bytes.toByteArray();
  }

  private static boolean isOctal(int c) {
    return c >= '0' && c <= '7';
  }

  private static String escape(byte[] text, String alsoEscaped) {
    StringBuilder result = new StringBuilder(text.length + 8);
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    CharBuffer character = CharBuffer.allocate(2);
    int i = 0;
    while (i < text.length) {
      int length = lengthOfCharacter(text[i]);
      if (length == 1 && text[i] >= ' ' && text[i] < 0x7f) {
        if (alsoEscaped.indexOf(text[i]) >= 0) {
          result.append('\\');
        }
        result.append((char) text[i]);
        i++;
      } else if (length > 1
          && i + length <= text.length
          && isPrintable(decoder, ByteBuffer.wrap(text, i, length), character.clear())) {
        result.append(character.flip());
        i += length;
      } else {
        appendEscape(result, text[i]);
        i++;
      }
    }
    return result.toString();
  }

  /** Decodes one character, if the bytes are one and it can be shown. */
  private static boolean isPrintable(
      CharsetDecoder decoder, ByteBuffer bytes, CharBuffer character) {
    return !decoder.reset().decode(bytes, character, true).isError()
        && isPrintable(Character.codePointAt(character.array(), 0, character.position()));
  }

  private static void appendEscape(StringBuilder result, byte b) {
    int named = NAMED.indexOf(b & 0xff);
    if (named >= 0) {
      result.append('\\').append(LETTERS.charAt(named));
    } else {
      result
          .append('\\')
          .append((char) ('0' + (b >> 6 & 3)))
          .append((char) ('0' + (b >> 3 & 7)))
          .append((char) ('0' + (b & 7)));
    }
  }

  /** Length in bytes of the UTF-8 character that begins so, 0 if none does. */
  private static int lengthOfCharacter(byte first) {
    if (first >= 0) {
      return 1;
    }
    return switch (Integer.numberOfLeadingZeros(~first << 24)) {
      case 2 -> 2;
      case 3 -> 3;
      case 4 -> 4;
      default -> 0;
    };
  }

  private static boolean isPrintable(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
