package io.imageharbour.testbed.bench.pool;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.client.PoolConfig;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.rdma.RdmaTransport;
import io.imageharbour.pool.transport.shm.SharedMemoryTransport;
import io.imageharbour.pool.transport.tcp.TcpTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * The agent that is measured, and the one way to its memory.
 *
 * @param transport its name: shm, tcp or rdma
 */
record PoolSide(AgentAddress agent, PoolSecurity security, String transport) {

  /** Nothing is to fail for being late: other processes want the processor, too. */
  static final Duration PATIENCE = Duration.ofMinutes(5);

  /** Seldom, so that reports are not measured, and often enough for the session to last. */
  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(30);

  /** A client that knows no address yet; it is connected. */
  PoolClient newClient() throws IOException, InterruptedException {
    PoolClient pool =
        new PoolClient(
            new PoolConfig(1, PATIENCE, PATIENCE, REPORT_INTERVAL),
            security,
            new StaticMembership(List.of(agent)),
            List.of(newTransport()));
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!pool.isOfUse()) {
      if (System.nanoTime() > deadline) {
        pool.close();
        throw new HarbourException(
            "no connection to the agent at %s by %s".formatted(agent.endpoint(), transport));
      }
      Thread.sleep(5);
    }
    return pool;
  }

  /** Whether the client touches the agent's memory itself, which is slow the first time. */
  boolean maps() {
    return transport.equals("shm");
  }

  /** The client's half of the transport. */
  Transport newTransport() throws IOException {
    return switch (transport) {
      case "shm" -> new SharedMemoryTransport();
      case "tcp" -> new TcpTransport(security.context());
      case "rdma" -> new RdmaTransport();
      default -> throw new IllegalArgumentException(transport);
    };
  }
}
