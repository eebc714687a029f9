package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

/** A cursor over a column of strictly ascending positions, kept as deltas. */
final class Positions {

  /** What {@link #next} is when no position is left. */
  static final int NONE = Integer.MAX_VALUE;

  private final Varints deltas;
  private final int limit;
  private int next;

  /**
   * Begins at the first position.
   *
   * @param limit what all positions are less than
   */
  Positions(Varints deltas, int limit) throws BrokenRuleException {
    this.deltas = deltas;
    this.limit = limit;
    this.next = deltas.hasNext() ? deltas.nextBelow(limit) : NONE;
  }

  /** Whether {@code position} is the next one in the column; passes over it if so. */
  boolean passes(int position) throws BrokenRuleException {
    if (position != next) {
      return false;
    }
    if (deltas.hasNext()) {
      int delta = deltas.nextBelow(limit - next);
      require(delta > 0, "a column of its payload is not in strictly ascending order");
      next += delta;
    } else {
      next = NONE;
    }
    return true;
  }

  /** Whether all positions were passed. */
  boolean atEnd() {
    return next == NONE;
  }
}
