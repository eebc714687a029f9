package io.imageharbour.cli;

import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.AgentConfig;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.control.ControlConfig;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** An agent of the memory pool in this process, on the loopback interface. */
final class LocalAgent implements AutoCloseable {

  private final Agent agent;
  private final String endpoint;

  private LocalAgent(Agent agent) {
    this.agent = agent;
    endpoint = "127.0.0.1:" + agent.port();
  }

  /**
   * Starts an agent that keeps its files in {@code directory}, beside those of others.
   *
   * @param memory in bytes; it lends whole slabs of 16 MiB
   */
  static LocalAgent start(Path directory, String id, long memory) throws IOException {
    return start(directory, id, memory, PoolSecurity.ofTokenMadeIfMissing(token(directory)));
  }

  /** The same with another security than a token. */
  static LocalAgent start(Path directory, String id, long memory, PoolSecurity security)
      throws IOException {
    return start(directory, id, memory, security, Optional.empty());
  }

  /** The same that registers itself in etcd. */
  static LocalAgent start(
      Path directory, String id, long memory, PoolSecurity security, Optional<EtcdConfig> etcd)
      throws IOException {
    return new LocalAgent(
        Agent.start(
            new AgentConfig(
                id,
                "127.0.0.1:0",
                memory,
                false,
                List.of("shm", "tcp"),
                directory.resolve(id + ".sock"),
                0,
                List.of(),
                0,
                PolicyKind.LRU,
                security,
                etcd,
                Optional.empty(),
                "info",
                ControlConfig.defaults())));
  }

  /** The token of all agents whose files are there. */
  static Path token(Path directory) {
    return directory.resolve("token");
  }

  /** {@code host:port}. */
  String endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    agent.close();
  }
}
