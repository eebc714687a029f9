package io.imageharbour.pool.client;

import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.rdma.RdmaTransport;
import io.imageharbour.pool.transport.rdma.RdmaUnavailableException;
import io.imageharbour.pool.transport.shm.SharedMemoryTransport;
import io.imageharbour.pool.transport.tcp.TcpTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The transports by the names that configurations have for them. */
public final class TransportNames {

  /** All of them. */
  public static final Set<String> ALL = Set.of("rdma", "shm", "tcp");

  private static final Logger log = LoggerFactory.getLogger(TransportNames.class);

  private TransportNames() {}

  /**
   * A client's side of some transports, in the same order. RDMA is left out with a warning where
   * the host can't do it: there may be another way to an agent, and there is the registry.
   *
   * @param names each one of {@link #ALL}
   * @throws IOException if one can't be set up
   */
  public static List<Transport> open(List<String> names, PoolSecurity security) throws IOException {
    List<Transport> opened = new ArrayList<>();
    for (String name : names) {
      try {
        opened.add(
            switch (name) {
              case "rdma" -> new RdmaTransport();
              case "shm" -> new SharedMemoryTransport();
              case "tcp" -> new TcpTransport(security.context());
              default -> throw new IllegalArgumentException("no transport is called " + name);
            });
      } catch (RdmaUnavailableException e) {
        log.warn("event=transport-unavailable transport={} cause=\"{}\"", name, e.getMessage());
      }
    }
    return opened;
  }
}
