package io.imageharbour.cli;

import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.snapshotter.PoolOverrides;
import io.imageharbour.snapshotter.PoolOverrides.TlsFiles;
import io.imageharbour.snapshotter.PoolSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the commands that speak to agents of the memory pool are told which, and how. */
final class PoolOptions {

  /** What an agent listens on if nothing else is said. */
  private static final String THIS_HOST = "127.0.0.1:7410";

  private static final Path HARBOURD = Path.of("/etc/harbour/harbourd.toml");

  @Option(
      names = "--agent",
      split = ",",
      paramLabel = "HOST:PORT",
      description =
          "An agent; several times, or with commas between (default: those of harbourd's"
              + " configuration, or of the etcd that it names, else "
              + THIS_HOST
              + "). With etcd leave it out: nodes place contents by what agents register there.")
  private List<String> agents = new ArrayList<>();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "harbourd's configuration, whose table \"pool\" says what is not said here (default:"
              + " /etc/harbour/harbourd.toml, if it is there).")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "The pool's token (default: /etc/harbour/pool.token).")
  private Optional<Path> tokenFile = Optional.empty();

  @Option(
      names = "--certificate",
      paramLabel = "FILE",
      description = "Instead of a token: own certificate for TLS, PEM.")
  private Optional<Path> certificate = Optional.empty();

  @Option(names = "--key", paramLabel = "FILE", description = "Its private key, PEM.")
  private Optional<Path> key = Optional.empty();

  @Option(
      names = "--authorities",
      paramLabel = "FILE",
      description = "Authorities that signed the agents' certificates, PEM.")
  private Optional<Path> authorities = Optional.empty();

  /** The pool that is meant; it has at least one agent. */
  PoolSettings settings() throws IOException, InterruptedException {
    Optional<Path> file = config;
    if (file.isEmpty() && Files.exists(HARBOURD)) {
      file = Optional.of(HARBOURD);
    }
    PoolSettings settings = PoolSettings.read(file, overrides(checked()));
    return settings.isConfigured()
        ? settings.resolved()
        : PoolSettings.read(file, overrides(List.of(THIS_HOST)));
  }

  /** Its agents; the caller closes it. */
  PoolControl control() throws IOException, InterruptedException {
    return control(settings());
  }

  /** The agents of a pool; the caller closes it. */
  static PoolControl control(PoolSettings settings) throws IOException {
    return new PoolControl(settings.agents(), settings.security().orElseThrow());
  }

  /**
   * The agents whose memory is to change: those that were named, or the only one.
   *
   * @throws UsageException if there are several to choose from
   */
  PoolControl chosen() throws IOException, InterruptedException {
    PoolSettings settings = settings();
    if (agents.isEmpty() && settings.agents().size() > 1) {
      throw new UsageException(
          "the pool has several agents: name one with --agent, or more: "
              + String.join(", ", settings.agents().stream().map(AgentAddress::endpoint).toList()));
    }
    return control(settings);
  }

  private List<String> checked() throws UsageException {
    List<String> distinct = agents.stream().distinct().toList();
    for (String endpoint : distinct) {
      try {
        AgentAddress unused = AgentAddress.at("agent", endpoint, 1);
      } catch (IllegalArgumentException e) {
        throw new UsageException("--agent: " + e.getMessage());
      }
    }
    return distinct;
  }

  private PoolOverrides overrides(List<String> endpoints) throws UsageException {
    boolean anyTls = certificate.isPresent() || key.isPresent() || authorities.isPresent();
    if (!anyTls) {
      return new PoolOverrides(endpoints, tokenFile, Optional.empty());
    }
    if (certificate.isEmpty() || key.isEmpty() || authorities.isEmpty() || tokenFile.isPresent()) {
      throw new UsageException(
          "TLS takes --certificate, --key and --authorities, all three, and no --token-file");
    }
    return new PoolOverrides(
        endpoints,
        Optional.empty(),
        Optional.of(new TlsFiles(certificate.get(), key.get(), authorities.get())));
  }
}
