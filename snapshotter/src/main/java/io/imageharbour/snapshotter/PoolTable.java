package io.imageharbour.snapshotter;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.cluster.EtcdTable;
import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.security.SecurityTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads {@link PoolSettings} from the table {@code pool}. */
final class PoolTable {

  private static final Set<String> TRANSPORTS = Set.of("rdma", "shm", "tcp");

  private PoolTable() {}

  static PoolSettings read(ConfigTable pool) throws ConfigurationException {
    List<AgentAddress> agents = agents(pool);
    List<String> transports = pool.strings("transports", List.of("shm", "tcp"));
    if (transports.isEmpty() || !TRANSPORTS.containsAll(transports)) {
      throw pool.wrong("transports", "some of \"rdma\", \"shm\", \"tcp\"");
    }
    SecurityTable security = new SecurityTable(pool);
    Optional<EtcdConfig> etcd = EtcdTable.read(pool.table("etcd"));
    // its files are read only if there is a pool
    boolean isConfigured = !agents.isEmpty() || etcd.isPresent();
    return new PoolSettings(
        agents,
        etcd,
        pool.integer("replicas", 1, 1, 8),
        transports,
        Duration.ofMillis(pool.integer("timeout", 1000, 10, 60_000)),
        Duration.ofMillis(pool.integer("head-start", 50, 1, 60_000)),
        isConfigured ? Optional.of(security.ofClient()) : Optional.empty());
  }

  private static List<AgentAddress> agents(ConfigTable pool) throws ConfigurationException {
    List<AgentAddress> agents = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (String endpoint : pool.strings("agents", List.of())) {
      // what names it in the placement: the endpoint, in letters that a name may have
      String id = endpoint.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "-");
      try {
        agents.add(AgentAddress.at(id.substring(0, Math.min(64, id.length())), endpoint, 1));
      } catch (IllegalArgumentException e) {
        throw pool.wrong("agents", "a list of \"host:port\" (" + e.getMessage() + ")");
      }
      if (!ids.add(agents.getLast().id())) {
        throw pool.wrong("agents", "a list without doubles");
      }
    }
    return agents;
  }
}
