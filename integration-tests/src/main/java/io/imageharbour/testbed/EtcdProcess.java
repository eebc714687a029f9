package io.imageharbour.testbed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;

/** An etcd of the workspace's own, with one member. */
public final class EtcdProcess implements AutoCloseable {

  private final String url;
  private final ServerProcess process;

  private EtcdProcess(String url, ServerProcess process) {
    this.url = url;
    this.process = process;
  }

  /**
   * Starts one.
   *
   * @param name of its directory in the workspace
   */
  public static EtcdProcess start(Workspace workspace, String name)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    int port = Network.freePort();
    String url = "http://127.0.0.1:" + port;
    String peers = "http://127.0.0.1:" + Network.freePort();
    Command command =
        Command.of(
            "etcd",
            "--data-dir=" + directory.resolve("data"),
            "--listen-client-urls=" + url,
            "--advertise-client-urls=" + url,
            "--listen-peer-urls=" + peers,
            "--initial-advertise-peer-urls=" + peers,
            "--initial-cluster=default=" + peers);
    return new EtcdProcess(
        url,
        ServerProcess.start(
            workspace,
            "etcd " + directory,
            command,
            directory.resolve("log"),
            () -> accepts(port)));
  }

  /** Where its clients reach it. */
  public String url() {
    return url;
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
