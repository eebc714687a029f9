package io.imageharbour.packaging.training;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;

/** A memory pool of one agent, which is in training itself. */
final class TrainingPool implements AutoCloseable {

  private final TrainedProgram agent;
  private final String settings;

  private TrainingPool(TrainedProgram agent, String settings) {
    this.agent = agent;
    this.settings = settings;
  }

  /**
   * Starts an agent on a free port of the loopback interface.
   *
   * @param executable its start script
   * @param cache to be made
   * @param home stands for the user's home directory
   * @param scratch for its files
   */
  static TrainingPool start(Path executable, Path cache, Path home, Path scratch)
      throws IOException, InterruptedException {
    String endpoint = "127.0.0.1:" + freePort();
    Path token = scratch.resolve("pool.token");
    Path socket = scratch.resolve("agent.sock");
    Path config =
        Files.writeString(
            scratch.resolve("agent.toml"),
            """
            id = "training"
            listen = "%s"
            memory = "128MiB"
            lock-memory = false
            transports = ["shm"]
            socket = "%s"
            [security]
            token-file = "%s"
            """
                .formatted(endpoint, socket, token));
    TrainedProgram agent = TrainedProgram.start(executable, cache, home, "--config", config);
    try {
      agent.await(socket);
    } catch (IOException | InterruptedException e) {
      agent.close();
      throw e;
    }
    return new TrainingPool(
        agent,
        """
        [pool]
        agents = ["%s"]
        token-file = "%s"
        """
            .formatted(endpoint, token));
  }

  /** What harbourd's configuration says of it. */
  String settings() {
    return settings;
  }

  /** Ends the training well. */
  void stop() throws IOException, InterruptedException {
    agent.stop();
    agent.awaitEnd();
  }

  @Override
  public void close() {
    agent.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
