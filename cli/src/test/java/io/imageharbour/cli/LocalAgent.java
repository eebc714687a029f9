package io.imageharbour.cli;

import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.AgentConfig;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** An agent of the memory pool in this process, on the loopback interface. */
final class LocalAgent implements AutoCloseable {

  private final Agent agent;

  private LocalAgent(Agent agent) {
    this.agent = agent;
  }

  /**
   * Starts an agent that keeps its files in {@code directory}, beside those of others.
   *
   * @param memory in bytes; it lends whole slabs of 16 MiB
   */
  static LocalAgent start(Path directory, String id, long memory) throws IOException {
    return start(directory, id, memory, 0);
  }

  static LocalAgent start(Path directory, String id, long memory, int port) throws IOException {
    return start(directory, id, memory, port, PoolSecurity.ofTokenMadeIfMissing(token(directory)));
  }

  static LocalAgent start(Path directory, String id, long memory, int port, PoolSecurity security)
      throws IOException {
    return new LocalAgent(
        Agent.start(
            new AgentConfig(
                id,
                "127.0.0.1:" + port,
                memory,
                false,
                List.of("shm", "tcp"),
                directory.resolve(id + ".sock"),
                0,
                List.of(),
                0,
                PolicyKind.LRU,
                security,
                Optional.empty(),
                Optional.empty(),
                "info")));
  }

  /** The token of all agents whose files are there. */
  static Path token(Path directory) {
    return directory.resolve("token");
  }

  /** {@code host:port}. */
  String endpoint() {
    return "127.0.0.1:" + agent.port();
  }

  @Override
  public void close() {
    agent.close();
  }
}
