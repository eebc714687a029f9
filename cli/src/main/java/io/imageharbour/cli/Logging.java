package io.imageharbour.cli;

/**
 * Tells Logback what to log before it starts, which is when the first class that logs is loaded:
 * commands that need none of those start without it.
 */
final class Logging {

  private Logging() {}

  /** Warnings, or with {@code verbose} everything, as plain lines on standard error. */
  static void configure(boolean verbose) {
    System.setProperty("logback.configurationFile", "io/imageharbour/cli/logging.xml");
    System.setProperty("harbourctl.log.level", verbose ? "DEBUG" : "WARN");
  }
}
