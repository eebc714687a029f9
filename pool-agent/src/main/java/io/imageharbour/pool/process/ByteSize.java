package io.imageharbour.pool.process;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of bytes as people write them: {@code 8GiB}, {@code 512MiB}, {@code 1048576}. */
public final class ByteSize {

  private static final Pattern FORM = Pattern.compile("([0-9]{1,12})\\s*([KMGT]?)(i?B)?");
  private static final String UNITS = "KMGT";

  private ByteSize() {}

  /** The number of bytes; empty if the text is none. Units are powers of 1024. */
  public static OptionalLong parse(String text) {
    Matcher form = FORM.matcher(text.strip());
    if (!form.matches()) {
      return OptionalLong.empty();
    }
    String unit = Optional.ofNullable(form.group(2)).orElse("");
    int power = unit.isEmpty() ? 0 : UNITS.indexOf(unit) + 1;
    try {
      return OptionalLong.of(Math.multiplyExact(Long.parseLong(form.group(1)), 1L << (10 * power)));
    } catch (ArithmeticException e) {
      return OptionalLong.empty();
    }
  }

  /** The number in the largest unit that leaves at least 1, with one digit after the point. */
  public static String format(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    int power = (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    power = Math.min(power, UNITS.length());
    return String.format(
        Locale.ROOT, "%.1f %ciB", bytes / (double) (1L << (10 * power)), UNITS.charAt(power - 1));
  }
}
