package io.imageharbour.testbed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;

/** An etcd of the workspace's own, one member on the loopback interface. */
public final class EtcdProcess implements AutoCloseable {

  private final ServerProcess process;

  private EtcdProcess(ServerProcess process) {
    this.process = process;
  }

  /**
   * Starts it.
   *
   * @param name of its directory in the workspace; what an earlier one stored there is there again
   * @param port of its clients
   */
  public static EtcdProcess start(Workspace workspace, String name, int port)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    String peers = "http://127.0.0.1:" + Network.freePort();
    // its member remembers where its peers find it, so only the first start says that
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "etcd " + directory,
            Command.of("etcd", "--data-dir", directory.resolve("data"))
                .withArguments("--listen-client-urls", url(port))
                .withArguments("--advertise-client-urls", url(port))
                .withArguments("--listen-peer-urls", peers)
                .withArguments("--initial-advertise-peer-urls", peers)
                .withArguments("--initial-cluster", "default=" + peers),
            directory.resolve("log"),
            () -> accepts(port));
    return new EtcdProcess(process);
  }

  /** Its client URL on this port. */
  public static String url(int port) {
    return "http://127.0.0.1:" + port;
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
