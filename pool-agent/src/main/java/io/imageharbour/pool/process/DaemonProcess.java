package io.imageharbour.pool.process;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** The life of a daemon: configured, started, and there until SIGTERM or SIGINT asks it to stop. */
public final class DaemonProcess {

  /** Exit code when a part can't start. */
  private static final int FAILED = 1;

  /** Exit code for options and configuration, the same as picocli's. */
  private static final int MISUSED = CommandLine.ExitCode.USAGE;

  /** Finds out what the daemon is to do. */
  @FunctionalInterface
  public interface Configuring<C> {

    /**
     * The configuration, options applied.
     *
     * @throws ConfigurationException if it can't be used; the message is for the user
     */
    C read() throws ConfigurationException;
  }

  /** Starts all parts of the daemon. */
  @FunctionalInterface
  public interface Starting<C> {

    /**
     * Starts with that configuration.
     *
     * @return stops it again
     * @throws IOException if a part can't start; what was started is stopped then
     */
    Runnable start(C configuration) throws IOException;
  }

  private DaemonProcess() {}

  /**
   * Runs a daemon whose process this is. Returns only if it does not start; the process ends with
   * exit code 0 after a signal.
   *
   * @param program its name, for messages
   * @param logLevel from which level on it logs, such as {@code info}
   * @return the process's exit code
   */
  public static <C> int run(
      String program,
      Configuring<C> configuring,
      Function<C, String> logLevel,
      Starting<C> starting)
      throws InterruptedException {
    C configuration;
    try {
      configuration = configuring.read();
    } catch (ConfigurationException e) {
      System.err.println(program + ": " + e.getMessage());
      return MISUSED;
    }
    ProcessLog.setLevel(logLevel.apply(configuration));
    Logger log = LoggerFactory.getLogger(DaemonProcess.class);
    Runnable stopping;
    try {
      stopping = starting.start(configuration);
    } catch (HarbourException e) {
      log.error("event=not-started cause=\"{}\"", e.getMessage());
      return FAILED;
    } catch (IOException e) {
      log.error("event=not-started cause=\"{}\"", e.toString());
      return FAILED;
    }
    SystemdNotifier.send("READY=1");
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> stop(stopping, log)));
    // the hook ends the process
    Thread.currentThread().join();
    return CommandLine.ExitCode.OK;
  }

  private static void stop(Runnable stopping, Logger log) {
    SystemdNotifier.send("STOPPING=1");
    stopping.run();
    log.info("event=stopped");
    // it was asked to stop and did: that is success, whatever signal it was
    Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
  }
}
