package io.imageharbour.snapshotter.filter;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.function.IntConsumer;

/**
 * Text in quotes with the escapes of a Go string: {@code \a \b \f \n \r \t \v \\}, the quote, three
 * octal digits, {@code \xHH} (a byte), {@code \}{@code uHHHH} and {@code \UHHHHHHHH}.
 */
final class QuotedText {

  /** Stands for bytes that were no UTF-8; Go refuses it in filters, so we do. */
  static final int REPLACEMENT = 0xFFFD;

  private final String input;
  private final int start;
  private final char quote;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int position;

  /** The text whose opening quote is at {@code start}. */
  QuotedText(String input, int start) {
    this.input = input;
    this.start = start;
    this.quote = input.charAt(start);
    this.position = start + 1;
  }

  /** The text without quotes and escapes; tells where it ends, behind the closing quote. */
  String read(IntConsumer end) throws FilterSyntaxException {
    while (true) {
      int c = next();
      if (c == quote) {
        end.accept(position);
        return bytes.toString(UTF_8);
      }
      if (c == '\n') {
        throw problem("a quote that is not closed");
      }
      if (c == '\\') {
        escape();
      } else {
        append(c);
      }
    }
  }

  private void escape() throws FilterSyntaxException {
    int c = next();
    switch (c) {
      case 'a' -> append(0x07);
      case 'b' -> append('\b');
      case 'f' -> append('\f');
      case 'n' -> append('\n');
      case 'r' -> append('\r');
      case 't' -> append('\t');
      case 'v' -> append(0x0B);
      case '\\' -> append('\\');
      case 'x' -> bytes.write((int) digits(2, 16));
      case 'u' -> append(codePoint(digits(4, 16)));
      case 'U' -> append(codePoint(digits(8, 16)));
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        position--;
        long value = digits(3, 8);
        if (value > 255) {
          throw problem("an octal escape above \\377");
        }
        bytes.write((int) value);
      }
      default -> {
        if (c != quote) {
          throw problem("an escape that does not exist");
        }
        append(c);
      }
    }
  }

  private long digits(int count, int radix) throws FilterSyntaxException {
    long value = 0;
    for (int i = 0; i < count; i++) {
      int c = next();
      int digit = c < 0x80 ? Character.digit(c, radix) : -1;
      if (digit < 0) {
        throw problem("a numeric escape with too few digits");
      }
      value = value * radix + digit;
    }
    return value;
  }

  private int codePoint(long value) throws FilterSyntaxException {
    if (value > Character.MAX_CODE_POINT) {
      throw problem("an escape beyond Unicode");
    }
    boolean surrogate = value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE;
    return surrogate ? REPLACEMENT : (int) value;
  }

  private void append(int codePoint) {
    bytes.writeBytes(Character.toString(codePoint).getBytes(UTF_8));
  }

  private int next() throws FilterSyntaxException {
    if (position >= input.length()) {
      throw problem("a quote that is not closed");
    }
    int c = input.codePointAt(position);
    if (c == 0 || c == REPLACEMENT) {
      throw problem("a character that is not allowed");
    }
    position += Character.charCount(c);
    return c;
  }

  private FilterSyntaxException problem(String what) {
    return new FilterSyntaxException(input, start, what);
  }
}
