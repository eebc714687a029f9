package io.imageharbour.pool.agent;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.pool.process.ProgramVersion;
import io.imageharbour.pool.process.SystemdNotifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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
      "  harbour-agent --memory 64GiB --transport tcp --listen 10.0.0.7:7410",
      "",
      "Exit codes: 0 stopped when asked to, 1 could not start, 2 wrong option or configuration."
    })
public final class HarbourAgent implements Callable<Integer> {

  /** Exit code when a part can't start. */
  private static final int FAILED = 1;

  /** Exit code for options and configuration, the same as picocli's. */
  private static final int MISUSED = CommandLine.ExitCode.USAGE;

  private static final Path DEFAULT_CONFIG = Path.of("/etc/harbour/agent.toml");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration in TOML (default: /etc/harbour/agent.toml, if it is there).")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Memory to lend, such as 8GiB, instead of what is configured.")
  private Optional<String> memory = Optional.empty();

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      split = ",",
      description = "How clients may read it: some of rdma, shm, tcp, with commas between.")
  private List<String> transports = List.of();

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Address of the gRPC service, instead of the configured one.")
  private Optional<String> listen = Optional.empty();

  private HarbourAgent() {}

  /** Starts the agent. */
  public static void main(String[] arguments) {
    ProcessLog.begin();
    System.exit(new CommandLine(new HarbourAgent()).execute(arguments));
  }

  @Override
  public Integer call() throws InterruptedException {
    AgentConfig effective;
    try {
      effective = configuration();
    } catch (ConfigurationException e) {
      System.err.println("harbour-agent: " + e.getMessage());
      return MISUSED;
    }
    ProcessLog.setLevel(effective.logLevel());
    Logger log = LoggerFactory.getLogger(HarbourAgent.class);
    Agent agent;
    try {
      agent = Agent.start(effective);
    } catch (HarbourException e) {
      log.error("event=not-started cause=\"{}\"", e.getMessage());
      return FAILED;
    } catch (IOException e) {
      log.error("event=not-started cause=\"{}\"", e.toString());
      return FAILED;
    }
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> stop(agent, log)));
    // the hook ends the process
    Thread.currentThread().join();
    return CommandLine.ExitCode.OK;
  }

  private static void stop(Agent agent, Logger log) {
    SystemdNotifier.send("STOPPING=1");
    agent.close();
    log.info("event=stopped");
    // it was asked to stop and did: that is success, whatever signal it was
    Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
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
