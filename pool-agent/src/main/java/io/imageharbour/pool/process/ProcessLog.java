package io.imageharbour.pool.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** The log of a daemon: lines on stderr, each an event with its fields. */
public final class ProcessLog {

  private ProcessLog() {}

  /** Sets it up; to be called before anything is logged. */
  public static void begin() {
    System.setProperty("logback.configurationFile", "io/imageharbour/pool/process/logback.xml");
  }

  /** From which level on events are logged, such as {@code info}. */
  public static void setLevel(String level) {
    if (LoggerFactory.getLogger("io.imageharbour") instanceof Logger logger) {
      logger.setLevel(Level.toLevel(level));
    }
  }
}
