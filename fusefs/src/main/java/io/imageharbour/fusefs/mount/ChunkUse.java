package io.imageharbour.fusefs.mount;

import java.util.BitSet;

/**
 * Which chunks of a big file are here, and which of them somebody wanted. Most programs and
 * libraries are read here and there until nearly all of them was, a database is not: so the more of
 * what came along was read, the more should come along. Safe for use by several threads.
 */
final class ChunkUse {

  /** So many chunks are fetched one by one before the next is taken along to see if it is read. */
  private static final int CHUNKS_BEFORE_TRIAL = 8;

  private final int count;
  private final BitSet present = new BitSet();

  /** Chunks that were fetched because somebody waited. */
  private final BitSet waitedFor = new BitSet();

  /** Those, and the others that somebody has read. */
  private final BitSet read = new BitSet();

  /** None of so many chunks is here. */
  ChunkUse(int count) {
    this.count = count;
  }

  synchronized boolean isPresent(int chunk) {
    return present.get(chunk);
  }

  /** Whether these are here; {@code last} is one of them. */
  synchronized boolean arePresent(int first, int last) {
    return present.nextClearBit(first) > last;
  }

  synchronized boolean areAllPresent() {
    return present.cardinality() == count;
  }

  /** A chunk has come. */
  synchronized void arrived(int chunk) {
    present.set(chunk);
  }

  /** Somebody waits for a chunk. */
  synchronized void waited(int chunk) {
    waitedFor.set(chunk);
    read.set(chunk);
  }

  /** Somebody reads these; {@code last} is one of them. */
  synchronized void read(int first, int last) {
    read.set(first, last + 1);
  }

  /**
   * How many chunks should come along with one that somebody waits for: twice as many as came along
   * and were read, less those that came along and were not, and one on trial.
   */
  synchronized int worthBringing() {
    int cameAlong = countUnasked(present);
    int used = countUnasked(read);
    int trial = waitedFor.cardinality() < CHUNKS_BEFORE_TRIAL ? 0 : 1;
    return Math.max(0, trial + 2 * used - (cameAlong - used));
  }

  /** How many of these chunks came without anybody waiting for them. */
  private int countUnasked(BitSet some) {
    BitSet unasked = (BitSet) some.clone();
    unasked.andNot(waitedFor);
    return unasked.cardinality();
  }
}
