package io.imageharbour.snapshotter.probe;

/**
 * One thing that was looked at.
 *
 * @param subject what was looked at, such as {@code kernel}
 * @param level what it means
 * @param result what was found
 * @param advice what to do about it; empty when all is well
 */
public record Finding(String subject, Level level, String result, String advice) {

  /** What a finding means for containers that run from index images. */
  public enum Level {
    /** As it should be. */
    GOOD,
    /** They run, but slower or with less than this machine could do. */
    WARNING,
    /** They don't run. Ordinary images may. */
    FAILURE
  }

  static Finding good(String subject, String result) {
    return new Finding(subject, Level.GOOD, result, "");
  }

  static Finding warning(String subject, String result, String advice) {
    return new Finding(subject, Level.WARNING, result, advice);
  }

  static Finding failure(String subject, String result, String advice) {
    return new Finding(subject, Level.FAILURE, result, advice);
  }
}
