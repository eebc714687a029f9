package io.imageharbour.testbed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A harbour-agent of the workspace's own. */
public final class AgentProcess implements AutoCloseable {

  private final Path directory;
  private final Setup setup;
  private final ServerProcess process;

  /**
   * How an agent is configured. Immutable; each {@code with…} answers a changed copy.
   *
   * @param memory that it lends, such as {@code 512MiB}
   * @param port of its service
   * @param transports that it offers
   * @param rdmaAddress of its device, for the transport {@code rdma}
   * @param etcd the client URL where it registers
   * @param preloadFrom the registry whose popular images it loads while it leads, looking every
   *     second; none where empty
   */
  public record Setup(
      String memory,
      int port,
      List<String> transports,
      Optional<String> rdmaAddress,
      Optional<String> etcd,
      Optional<String> preloadFrom) {

    public Setup {
      transports = List.copyOf(transports);
    }

    /** On a free port, by shared memory and TCP. */
    public static Setup of(String memory) throws IOException {
      return new Setup(
          memory,
          Network.freePort(),
          List.of("shm", "tcp"),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }

    /** By RDMA alone. */
    public Setup withRdma(String address) {
      return new Setup(memory, port, List.of("rdma"), Optional.of(address), etcd, preloadFrom);
    }

    /** Registered in etcd. */
    public Setup withEtcd(String url) {
      return new Setup(memory, port, transports, rdmaAddress, Optional.of(url), preloadFrom);
    }

    /** Bringing popular images of this registry into the pool, and looking every second. */
    public Setup withPreloadFrom(String registry) {
      return new Setup(memory, port, transports, rdmaAddress, etcd, Optional.of(registry));
    }

    private String toml(String name, Path directory) {
      return """
          id = "%s"
          listen = "127.0.0.1:%d"
          memory = "%s"
          transports = [%s]
          socket = "%s"
          tcp-port = 0
          rdma-port = 0
          """
              .formatted(
                  name,
                  port,
                  memory,
                  PoolAccess.quoted(transports),
                  directory.resolve("agent.sock"))
          + rdmaAddress.map("rdma-addresses = [\"%s\"]\n"::formatted).orElse("")
          + "\n[security]\ntoken-file = \"%s\"\n".formatted(directory.resolve("token"))
          + etcd.map("\n[etcd]\nendpoints = [\"%s\"]\n"::formatted).orElse("")
          + preloadFrom
              .map("\n[control]\ninterval = 1\npreload-from = [\"%s\"]\n"::formatted)
              .orElse("");
    }
  }

  private AgentProcess(Path directory, Setup setup, ServerProcess process) {
    this.directory = directory;
    this.setup = setup;
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
    Files.writeString(configuration, setup.toml(name, directory));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "harbour-agent " + directory,
            tree.harbourAgent("--config", configuration),
            directory.resolve("log"),
            () -> accepts(setup.port()));
    return new AgentProcess(directory, setup, process);
  }

  /** Where clients say hello. */
  public String endpoint() {
    return "127.0.0.1:" + setup.port();
  }

  /** How it was started. */
  public Setup setup() {
    return setup;
  }

  public Path tokenFile() {
    return directory.resolve("token");
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

  private static boolean accepts(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    }
  }
}
