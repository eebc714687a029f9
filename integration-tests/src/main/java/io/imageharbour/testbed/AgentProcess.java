package io.imageharbour.testbed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A harbour-agent of the workspace's own, which lends memory over every transport there is. */
public final class AgentProcess implements AutoCloseable {

  private final Path token;
  private final int port;
  private final ServerProcess process;

  private AgentProcess(Path token, int port, ServerProcess process) {
    this.token = token;
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
    Path token = workspace.directory(name).resolve("token");
    return start(workspace, tree, name, memory, port, token, "");
  }

  /**
   * Starts an agent that registers itself, and looks every second while it leads.
   *
   * @param token the pool's; made if it is not there
   */
  public static AgentProcess startInEtcd(
      Workspace workspace,
      HarbourTree tree,
      String name,
      String memory,
      EtcdProcess etcd,
      Path token)
      throws IOException, InterruptedException {
    String tables =
        """

        [etcd]
        endpoints = ["%s"]

        [control]
        interval = 1
        """
            .formatted(etcd.url());
    return start(workspace, tree, name, memory, Network.freePort(), token, tables);
  }

  private static AgentProcess start(
      Workspace workspace,
      HarbourTree tree,
      String name,
      String memory,
      int port,
      Path token,
      String tables)
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
        %s"""
            .formatted(name, port, memory, directory.resolve("agent.sock"), token, tables));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "harbour-agent " + directory,
            tree.harbourAgent("--config", configuration),
            directory.resolve("log"),
            () -> accepts(port));
    return new AgentProcess(token, port, process);
  }

  /** Where clients say hello. */
  public String endpoint() {
    return "127.0.0.1:" + port;
  }

  public int port() {
    return port;
  }

  public Path tokenFile() {
    return token;
  }

  /** A pool of this agent alone. */
  public PoolAccess pool(String... transports) {
    return new PoolAccess(List.of(endpoint()), Optional.empty(), tokenFile(), List.of(transports));
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
