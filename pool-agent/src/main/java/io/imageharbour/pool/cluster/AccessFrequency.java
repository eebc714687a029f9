package io.imageharbour.pool.cluster;

import java.time.Duration;

/**
 * How often something was accessed lately: a count that halves with every half-life that passes, so
 * that it says what is popular now and needs no history. The decay is worked out when it is read.
 *
 * @param value the count as it was then, from 0 to {@link #MOST}
 * @param epochSecond when it was that, in seconds since 1970, from 0 to {@link #LATEST}
 */
public record AccessFrequency(double value, long epochSecond) {

  /** Never accessed. */
  public static final AccessFrequency NONE = new AccessFrequency(0, 0);

  /** The greatest count. */
  public static final double MOST = 1e15;

  /** The end of the year 9999. */
  public static final long LATEST = 253_402_300_799L;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left
   */
  public AccessFrequency {
    if (!(value >= 0 && value <= MOST)) {
      throw new IllegalArgumentException("an access frequency is 0 to " + MOST + ", not " + value);
    }
    if (epochSecond < 0 || epochSecond > LATEST) {
      throw new IllegalArgumentException(
          "an access frequency is of 0 to " + LATEST + " s since 1970, not " + epochSecond);
    }
  }

  /** What is left of the count; all of it where that time is before its own. */
  public double at(long epochSecond, Duration halfLife) {
    long age = Math.max(0, epochSecond - this.epochSecond);
    return value * Math.pow(0.5, age / (double) halfLife.toSeconds());
  }

  /**
   * With some more accesses, counted at that time. Clocks of agents differ, so it may be before the
   * time of the count; then they have decayed already.
   *
   * @param accesses 0 or more
   */
  public AccessFrequency plus(double accesses, long epochSecond, Duration halfLife) {
    long latest = Math.max(epochSecond, this.epochSecond);
    double added = new AccessFrequency(accesses, epochSecond).at(latest, halfLife);
    return new AccessFrequency(Math.min(MOST, at(latest, halfLife) + added), latest);
  }
}
