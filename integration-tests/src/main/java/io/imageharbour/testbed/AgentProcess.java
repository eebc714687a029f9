package io.imageharbour.testbed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A harbour-agent of the workspace's own, which lends memory over every transport there is. */
public final class AgentProcess implements AutoCloseable {

  private final Path directory;
  private final int port;
  private final ServerProcess process;

  private AgentProcess(Path directory, int port, ServerProcess process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
  }

  /**
   * Starts an agent.
   *
   * @param name of its directory in the workspace, and in the pool
   * @param memory that it lends, such as {@code 512MiB}
   */
  public static AgentProcess start(
      Workspace workspace, HarbourTree tree, String name, String memory)
      throws IOException, InterruptedException {
    return start(workspace, tree, name, memory, Network.freePort());
  }

  /** Starts an agent on this port. */
  public static AgentProcess start(
      Workspace workspace, HarbourTree tree, String name, String memory, int port)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    Path configuration = directory.resolve("agent.toml");
    Files.writeString(
        configuration,
        """
        id = "%s"
        listen = "127.0.0.1:%d"
        memory = "%s"
        socket = "%s"
        tcp-port = 0

        [security]
        token-file = "%s"
        """
            .formatted(
                name, port, memory, directory.resolve("agent.sock"), directory.resolve("token")));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "harbour-agent " + directory,
            tree.harbourAgent("--config", configuration),
            directory.resolve("log"),
            () -> accepts(port));
    return new AgentProcess(directory, port, process);
  }

  /** Where clients say hello. */
  public String endpoint() {
    return "127.0.0.1:" + port;
  }

  public int port() {
    return port;
  }

  public Path tokenFile() {
    return directory.resolve("token");
  }

  /** A pool of this agent alone. */
  public PoolAccess pool(String... transports) {
    return new PoolAccess(List.of(endpoint()), tokenFile(), List.of(transports));
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
