package io.imageharbour.testbed;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A harbour-agent of the workspace's own. */
public final class AgentProcess implements AutoCloseable {

  private final Path directory;
  private final Setup setup;
  private final MetricsPage metrics;
  private final ServerProcess process;

  /**
   * How an agent is configured. Immutable; each {@code with…} answers a changed copy.
   *
   * @param memory that it lends, such as {@code 512MiB}
   * @param network where it listens
   * @param port of its service
   * @param transports that it offers
   * @param rdmaAddress of its device, for the transport {@code rdma}
   * @param token what clients show it; one that it makes for itself where empty
   * @param etcd the client URL where it registers
   * @param preloadFrom the registry whose popular images it loads while it leads, looking every
   *     second; none where empty
   */
  public record Setup(
      String memory,
      Network network,
      int port,
      List<String> transports,
      Optional<String> rdmaAddress,
      Optional<Path> token,
      Optional<String> etcd,
      Optional<String> preloadFrom) {

    public Setup {
      transports = List.copyOf(transports);
    }

    /** On a free port, by shared memory and TCP. */
    public static Setup of(String memory) throws IOException {
      return new Setup(
          memory,
          Network.loopback(),
          Network.freePort(),
          List.of("shm", "tcp"),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }

    /** In a network of its own. */
    public Setup in(NetworkNamespace namespace) {
      return new Setup(
          memory, Network.in(namespace), port, transports, rdmaAddress, token, etcd, preloadFrom);
    }

    /** By RDMA alone. */
    public Setup withRdma(String address) {
      return new Setup(
          memory, network, port, List.of("rdma"), Optional.of(address), token, etcd, preloadFrom);
    }

    /** With the token of another agent. */
    public Setup withTokenOf(AgentProcess other) {
      return new Setup(
          memory,
          network,
          port,
          transports,
          rdmaAddress,
          Optional.of(other.tokenFile()),
          etcd,
          preloadFrom);
    }

    /** Registered in etcd. */
    public Setup withEtcd(String url) {
      return new Setup(
          memory, network, port, transports, rdmaAddress, token, Optional.of(url), preloadFrom);
    }

    /** Bringing popular images of this registry into the pool, and looking every second. */
    public Setup withPreloadFrom(String registry) {
      return new Setup(
          memory, network, port, transports, rdmaAddress, token, etcd, Optional.of(registry));
    }

    private String endpoint() {
      return network.address() + ":" + port;
    }

    private Path tokenFile(Path directory) {
      return token.orElse(directory.resolve("token"));
    }

    private String toml(String name, Path directory, MetricsPage metrics) {
      return """
          id = "%s"
          listen = "%s"
          metrics-address = "%s"
          memory = "%s"
          transports = [%s]
          socket = "%s"
          tcp-port = 0
          rdma-port = 0
          """
              .formatted(
                  name,
                  endpoint(),
                  metrics.endpoint(),
                  memory,
                  PoolAccess.quoted(transports),
                  directory.resolve("agent.sock"))
          + rdmaAddress.map("rdma-addresses = [\"%s\"]\n"::formatted).orElse("")
          + "\n[security]\ntoken-file = \"%s\"\n".formatted(tokenFile(directory))
          + etcd.map("\n[etcd]\nendpoints = [\"%s\"]\n"::formatted).orElse("")
          + preloadFrom
              .map("\n[control]\ninterval = 1\npreload-from = [\"%s\"]\n"::formatted)
              .orElse("");
    }
  }

  private AgentProcess(Path directory, Setup setup, MetricsPage metrics, ServerProcess process) {
    this.directory = directory;
    this.setup = setup;
    this.metrics = metrics;
    this.process = process;
  }

  /**
   * Starts an agent on a free port, by shared memory and TCP.
   *
   * @param name of its directory in the workspace, and in the pool
   * @param memory that it lends, such as {@code 512MiB}
   */
  public static AgentProcess start(
      Workspace workspace, HarbourTree tree, String name, String memory)
      throws IOException, InterruptedException {
    return start(workspace, tree, name, Setup.of(memory));
  }

  /** Starts an agent as it is set up; after an earlier one of that name it has the same token. */
  public static AgentProcess start(Workspace workspace, HarbourTree tree, String name, Setup setup)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    Path configuration = directory.resolve("agent.toml");
    MetricsPage metrics = new MetricsPage(setup.network().address() + ":" + Network.freePort());
    Files.writeString(configuration, setup.toml(name, directory, metrics));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "harbour-agent " + directory,
            setup
                .network()
                .prefix()
                .withArguments(tree.harbourAgent("--config", configuration).arguments().toArray()),
            directory.resolve("log"),
            () -> accepts(setup));
    return new AgentProcess(directory, setup, metrics, process);
  }

  /** Where clients say hello. */
  public String endpoint() {
    return setup.endpoint();
  }

  /** How it was started. */
  public Setup setup() {
    return setup;
  }

  public Path tokenFile() {
    return setup.tokenFile(directory);
  }

  /** The sum of a metric over all its labels; 0 where there is none of that name. */
  public double metric(String name) throws IOException {
    return metrics.sum(name);
  }

  /** A pool of this agent alone. */
  public PoolAccess pool(String... transports) {
    return PoolAccess.of(List.of(endpoint()), tokenFile(), List.of(transports));
  }

  public ServerProcess process() {
    return process;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.close();
  }

  private static boolean accepts(Setup setup) throws IOException {
    try (Socket socket = new Socket(setup.network().address(), setup.port())) {
      return socket.isConnected();
    }
  }
}
