package io.imageharbour.indexer.layer;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A time of a PAX record: decimal seconds with a fraction, which may be negative. Digits beyond the
 * nanosecond are dropped.
 *
 * @param seconds since 1970, rounded down
 * @param nanos 0 to 999,999,999
 */
record PaxTime(long seconds, int nanos) {

  private static final int NANOS_PER_SECOND = 1_000_000_000;
  private static final Pattern DECIMAL = Pattern.compile("(-?)(\\d{1,18})(?:\\.(\\d*))?");

  /** Reads the text of a record. */
  static PaxTime parse(byte[] text) {
    Matcher decimal = DECIMAL.matcher(new String(text, StandardCharsets.ISO_8859_1));
    if (!decimal.matches()) {
      throw new IllegalArgumentException("a PAX time is no decimal number");
    }
    long seconds = Long.parseLong(decimal.group(2));
    String fraction = decimal.group(3) == null ? "" : decimal.group(3);
    int nanos = Integer.parseInt((fraction + "000000000").substring(0, 9));
    if (decimal.group(1).isEmpty()) {
      return new PaxTime(seconds, nanos);
    }
    return nanos == 0
        ? new PaxTime(-seconds, 0)
        : new PaxTime(-seconds - 1, NANOS_PER_SECOND - nanos);
  }
}
