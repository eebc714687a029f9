package io.imageharbour.testbed.bench.pool;

/**
 * How fast reads of one size were.
 *
 * @param kind what was read how
 * @param size in bytes
 * @param inFlight how many were on their way at once
 * @param median seconds that one took, as is the next
 * @param p99 the 99th percentile
 * @param bandwidth bytes in a second, of all of them together
 */
public record ReadFigures(
    Kind kind, int size, int inFlight, double median, double p99, double bandwidth) {

  /** What is read, and how. */
  public enum Kind {
    /** The same bytes, without the pool. */
    BASELINE,
    /** Through the client, which knows where the content lies: one READ. */
    KNOWN,
    /** Through the client, which has to look it up: two READs. */
    LOOKED_UP,
    /** The same, and the digest of the content is computed and compared. */
    LOOKED_UP_AND_HASHED,
    /** As {@link #LOOKED_UP}, in memory that the client has never touched. */
    FIRST_TOUCHED,
    /** Past the client, on its channel, where many reads are begun at once. */
    CHANNEL
  }
}
