package io.imageharbour.pool.agent;

import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.process.DaemonProcess;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.pool.process.ProgramVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code main} of harbour-agent. Runs until it is asked to stop with SIGTERM or SIGINT. */
@Command(
    name = "harbour-agent",
    mixinStandardHelpOptions = true,
    versionProvider = HarbourAgent.Version.class,
    description = "Lends this host's memory to hold files of images, for other hosts to read.%n",
    footer = {
      "",
      "Examples:",
      "  harbour-agent --memory 8GiB",
      "  harbour-agent --config /etc/harbour/agent.toml",
      "  harbour-agent --memory 64GiB --transport rdma,shm,tcp --listen 10.0.0.7:7410",
      "",
      "Exit codes: 0 stopped when asked to, 1 could not start, 2 wrong option or configuration."
    })
public final class HarbourAgent implements Callable<Integer> {

  private static final Path DEFAULT_CONFIG = Path.of("/etc/harbour/agent.toml");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration in TOML (default: /etc/harbour/agent.toml, if it is there).")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Memory to lend, such as 8GiB, instead of what is configured (default: 1GiB).")
  private Optional<String> memory = Optional.empty();

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      split = ",",
      description =
          "How clients may read it: some of rdma, shm, tcp, with commas between, instead of what is"
              + " configured (default: shm,tcp).")
  private List<String> transports = List.of();

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description =
          "Address of the gRPC service, instead of the configured one (default: 127.0.0.1:7410).")
  private Optional<String> listen = Optional.empty();

  private HarbourAgent() {}

  /** Starts the agent. */
  public static void main(String[] arguments) {
    ProcessLog.begin();
    System.exit(new CommandLine(new HarbourAgent()).execute(arguments));
  }

  @Override
  public Integer call() throws InterruptedException {
    return DaemonProcess.run(
        "harbour-agent",
        this::configuration,
        AgentConfig::logLevel,
        effective -> Agent.start(effective)::close);
  }

  private AgentConfig configuration() throws ConfigurationException {
    AgentConfigFile.Options options =
        new AgentConfigFile.Options(
            memory, transports.isEmpty() ? Optional.empty() : Optional.of(transports), listen);
    if (config.isPresent()) {
      return AgentConfigFile.read(config.get(), options);
    }
    return Files.exists(DEFAULT_CONFIG)
        ? AgentConfigFile.read(DEFAULT_CONFIG, options)
        : AgentConfigFile.parse("the defaults", "", options);
  }

  static final class Version extends ProgramVersion {
    Version() {
      super("harbour-agent");
    }
  }
}
