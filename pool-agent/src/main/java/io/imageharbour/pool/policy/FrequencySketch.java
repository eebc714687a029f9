package io.imageharbour.pool.policy;

/**
 * About how often each of many names was seen lately: a count-min sketch of four rows of counters
 * that go up to 15, all of which are halved whenever ten times as many names as it is made for have
 * been seen. Eight to sixteen bytes for each name that it is made for.
 *
 * <p>Sources: Cormode, Muthukrishnan: An improved data stream summary, the count-min sketch and its
 * applications, J. Algorithms 2005; halving, and counting up only the smallest counters: Einziger,
 * Friedman, Manes: TinyLFU, a highly efficient cache admission policy, ACM TOS 2017.
 */
final class FrequencySketch {

  static final int MOST = 15;

  private static final int ROWS = 4;
  private static final int SAMPLES_PER_NAME = 10;
  private static final int COUNTERS_PER_NAME = 4;
  private static final int COUNTERS_PER_WORD = 16;
  private static final int FEWEST_NAMES = 1 << 10;
  private static final int MOST_NAMES = 1 << 26;
  private static final long LOW_THREE_BITS = 0x7777_7777_7777_7777L;

  // any odd numbers do; these have their bits spread evenly
  private static final long[] MULTIPLIERS = {
    0x9e37_79b9_7f4a_7c15L, 0xbf58_476d_1ce4_e5b9L, 0x94d0_49bb_1331_11ebL, 0xd6e8_feb8_6659_fd93L
  };

  private long[][] rows = new long[ROWS][FEWEST_NAMES * COUNTERS_PER_NAME / COUNTERS_PER_WORD];
  private int names = FEWEST_NAMES;
  private long seen;

  /** Makes it large enough for a number of names, and forgets nothing. */
  void grow(int atLeast) {
    while (names < atLeast && names < MOST_NAMES) {
      for (int row = 0; row < ROWS; row++) {
        long[] half = rows[row];
        long[] whole = new long[2 * half.length];
        // a name's counter is now in the one half or in the other, so both get what it was
        System.arraycopy(half, 0, whole, 0, half.length);
        System.arraycopy(half, 0, whole, half.length, half.length);
        rows[row] = whole;
      }
      names *= 2;
    }
  }

  /** Takes note of a name. */
  void see(Object name) {
    int hash = name.hashCode();
    int frequency = frequency(hash);
    if (frequency < MOST) {
      for (int row = 0; row < ROWS; row++) {
        int counter = counter(row, hash);
        if (get(row, counter) == frequency) {
          rows[row][counter / COUNTERS_PER_WORD] += 1L << shift(counter);
        }
      }
    }
    if (++seen >= (long) SAMPLES_PER_NAME * names) {
      halve();
    }
  }

  /** How often a name was seen, 0 to {@link #MOST}; rarely more than it was, never less. */
  int frequency(Object name) {
    return frequency(name.hashCode());
  }

  /** In bytes. */
  long length() {
    return (long) ROWS * rows[0].length * Long.BYTES;
  }

  private int frequency(int hash) {
    int least = MOST;
    for (int row = 0; row < ROWS; row++) {
      least = Math.min(least, get(row, counter(row, hash)));
    }
    return least;
  }

  private void halve() {
    for (long[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (row[i] >>> 1) & LOW_THREE_BITS;
      }
    }
    seen /= 2;
  }

  private int get(int row, int counter) {
    return (int) (rows[row][counter / COUNTERS_PER_WORD] >>> shift(counter)) & MOST;
  }

  private int counter(int row, int hash) {
    long mixed = (hash + MULTIPLIERS[(row + 1) % ROWS]) * MULTIPLIERS[row];
    mixed = (mixed ^ (mixed >>> 32)) * MULTIPLIERS[row];
    return (int) (mixed >>> 32) & (rows[row].length * COUNTERS_PER_WORD - 1);
  }

  private static int shift(int counter) {
    return counter % COUNTERS_PER_WORD * 4;
  }
}
