package io.imageharbour.cli.text;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them, the same in every locale. */
public final class Quantity {

  private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

  private Quantity() {}

  /** A size in decimal units with one digit after the point, such as {@code 131.9 MB}. */
  public static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double size = bytes / 1000.0;
    int unit = 0;
    // 999.95 would be rounded to "1000.0"
    while (size >= 999.95) {
      size /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", size, UNITS[unit]);
  }

  /** A number with its thousands apart, such as {@code 19,321}. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** A number of things, such as {@code 1 pack} or {@code 19,321 files}. */
  public static String count(long count, String thing) {
    return count(count) + " " + thing + (count == 1 ? "" : "s");
  }

  /** A part of a whole in per cent; 100 % of nothing. */
  public static String percent(long part, long whole) {
    return (whole <= 0 ? 100 : (long) (100.0 * part / whole)) + " %";
  }

  /** A time that something took, such as {@code 0.4 s}, {@code 12.3 s} or {@code 3 min 5 s}. */
  public static String seconds(Duration duration) {
    if (duration.compareTo(Duration.ofMillis(99_950)) < 0) {
      return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
    Duration rounded = duration.plusMillis(500);
    String minutes = rounded.toMinutesPart() + " min " + rounded.toSecondsPart() + " s";
    return rounded.toHours() == 0 ? minutes : rounded.toHours() + " h " + minutes;
  }
}
