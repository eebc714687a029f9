package io.imageharbour.snapshotter;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.pool.process.ProgramVersion;
import io.imageharbour.pool.process.SystemdNotifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code main} of harbourd. Runs until it is asked to stop with SIGTERM or SIGINT. */
@Command(
    name = "harbourd",
    mixinStandardHelpOptions = true,
    versionProvider = Harbourd.Version.class,
    description =
        "containerd's snapshotter that starts containers before their image has arrived.%n",
    footer = {
      "",
      "Examples:",
      "  harbourd",
      "  harbourd --config /etc/harbour/harbourd.toml",
      "  harbourd --root /tmp/h --address /tmp/h/harbourd.sock",
      "",
      "Exit codes: 0 stopped when asked to, 1 could not start, 2 wrong option or configuration."
    })
public final class Harbourd implements Callable<Integer> {

  /** Exit code when a part can't start. */
  private static final int FAILED = 1;

  /** Exit code for options and configuration, the same as picocli's. */
  private static final int MISUSED = CommandLine.ExitCode.USAGE;

  private static final Path DEFAULT_CONFIG = Path.of("/etc/harbour/harbourd.toml");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration in TOML (default: /etc/harbour/harbourd.toml, if it is there).")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "Directory for all data, instead of the configured one.")
  private Optional<Path> root = Optional.empty();

  @Option(
      names = "--address",
      paramLabel = "SOCKET",
      description = "Unix socket to listen on, instead of the configured one.")
  private Optional<Path> address = Optional.empty();

  private Harbourd() {}

  /** Starts harbourd. */
  public static void main(String[] arguments) {
    ProcessLog.begin();
    System.exit(new CommandLine(new Harbourd()).execute(arguments));
  }

  @Override
  public Integer call() throws InterruptedException {
    HarbourdConfig effective;
    try {
      effective = configuration();
    } catch (ConfigurationException e) {
      System.err.println("harbourd: " + e.getMessage());
      return MISUSED;
    }
    ProcessLog.setLevel(effective.logLevel());
    Logger log = LoggerFactory.getLogger(Harbourd.class);
    Daemon daemon;
    try {
      daemon = Daemon.start(effective);
    } catch (HarbourException e) {
      log.error("event=not-started cause=\"{}\"", e.getMessage());
      return FAILED;
    } catch (IOException e) {
      log.error("event=not-started cause=\"{}\"", e.toString());
      return FAILED;
    }
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> stop(daemon, log)));
    // the hook ends the process
    Thread.currentThread().join();
    return CommandLine.ExitCode.OK;
  }

  private static void stop(Daemon daemon, Logger log) {
    SystemdNotifier.send("STOPPING=1");
    daemon.close();
    log.info("event=stopped");
    // it was asked to stop and did: that is success, whatever signal it was
    Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
  }

  private HarbourdConfig configuration() throws ConfigurationException {
    HarbourdConfig written;
    if (config.isPresent()) {
      written = ConfigFile.read(config.get());
    } else if (Files.exists(DEFAULT_CONFIG)) {
      written = ConfigFile.read(DEFAULT_CONFIG);
    } else {
      written = ConfigFile.defaults();
    }
    if (root.isPresent()) {
      written = written.withRoot(root.get().toAbsolutePath().normalize());
    }
    if (address.isPresent()) {
      written = written.withAddress(address.get().toAbsolutePath().normalize());
    }
    return written;
  }

  static final class Version extends ProgramVersion {
    Version() {
      super("harbourd");
    }
  }
}
