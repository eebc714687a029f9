package io.imageharbour.cli.progress;

import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.cli.text.Quantity;
import java.time.Duration;

/**
 * How far a piece of work is.
 *
 * @param label what is done
 * @param unit what is counted
 * @param done how much of it
 * @param total of how much, or {@link Progress#UNKNOWN}
 * @param elapsed since it began
 */
record StageState(String label, Unit unit, long done, long total, Duration elapsed) {

  boolean isTotalKnown() {
    return total >= 0;
  }

  /** How much of how much, such as {@code 82.9 MB of 131.9 MB}. */
  String amount() {
    return isTotalKnown() && done != total
        ? quantity(done) + " of " + quantity(total)
        : quantity(done);
  }

  /** Such as {@code 12.3 MB/s}; empty while there is nothing to divide. */
  String rate() {
    double seconds = elapsed.toNanos() / 1e9;
    return unit == Unit.BYTES && seconds >= 0.1 && done > 0
        ? Quantity.bytes((long) (done / seconds)) + "/s"
        : "";
  }

  private String quantity(long amount) {
    return unit == Unit.BYTES ? Quantity.bytes(amount) : Quantity.count(amount);
  }
}
