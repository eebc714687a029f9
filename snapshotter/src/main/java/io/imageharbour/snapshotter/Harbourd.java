package io.imageharbour.snapshotter;

import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.process.DaemonProcess;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.pool.process.ProgramVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
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
    return DaemonProcess.run(
        "harbourd",
        this::configuration,
        HarbourdConfig::logLevel,
        effective -> Daemon.start(effective)::close);
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
