package io.imageharbour.snapshotter;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.cluster.EtcdTable;
import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.security.SecurityTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads {@link PoolSettings} from the table {@code pool}; a command line's words come first. */
final class PoolTable {

  private static final Set<String> TRANSPORTS = Set.of("rdma", "shm", "tcp");

  private PoolTable() {}

  static PoolSettings read(ConfigTable pool, PoolOverrides overrides)
      throws ConfigurationException {
    List<AgentAddress> agents = agents(pool);
    if (!overrides.agents().isEmpty()) {
      agents = agents(overrides.agents());
    }
    List<String> transports = pool.strings("transports", List.of("shm", "tcp"));
    if (transports.isEmpty() || !TRANSPORTS.containsAll(transports)) {
      throw pool.wrong("transports", "some of \"rdma\", \"shm\", \"tcp\"");
    }
    Optional<EtcdConfig> etcd = EtcdTable.read(pool.table("etcd"));
    if (!overrides.agents().isEmpty()) {
      etcd = Optional.empty();
    }
    int timeout = pool.integer("timeout", 1000, 10, 60_000);
    int headStart = pool.integer("head-start", 50, 1, 60_000);
    if (headStart > timeout) {
      throw pool.wrong("head-start", "at most the timeout, " + timeout);
    }
    Optional<PoolSecurity> security =
        security(pool, !agents.isEmpty() || etcd.isPresent(), overrides);
    return new PoolSettings(
        agents,
        etcd,
        pool.integer("replicas", 1, 1, 8),
        transports,
        Duration.ofMillis(timeout),
        Duration.ofMillis(headStart),
        security);
  }

  private static List<AgentAddress> agents(ConfigTable pool) throws ConfigurationException {
    try {
      return addresses(pool.strings("agents", List.of()));
    } catch (IllegalArgumentException e) {
      throw pool.wrong("agents", "a list of \"host:port\" (" + e.getMessage() + ")");
    }
  }

  private static List<AgentAddress> agents(List<String> endpoints) throws ConfigurationException {
    try {
      return addresses(endpoints);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("--agent: " + e.getMessage(), e);
    }
  }

  private static List<AgentAddress> addresses(List<String> endpoints) {
    List<AgentAddress> agents = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (String endpoint : endpoints) {
      // what names it in the placement: the endpoint, in letters that a name may have
      String id = endpoint.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "-");
      agents.add(AgentAddress.at(id.substring(0, Math.min(64, id.length())), endpoint, 1));
      if (!ids.add(agents.getLast().id())) {
        throw new IllegalArgumentException(endpoint + " is there twice");
      }
    }
    return agents;
  }

  /** The files are read only if there is a pool. */
  private static Optional<PoolSecurity> security(
      ConfigTable pool, boolean isConfigured, PoolOverrides overrides)
      throws ConfigurationException {
    SecurityTable security = new SecurityTable(pool);
    if (!isConfigured) {
      return Optional.empty();
    }
    if (overrides.tls().isPresent()) {
      PoolOverrides.TlsFiles tls = overrides.tls().get();
      return Optional.of(PoolSecurity.ofTls(tls.certificate(), tls.key(), tls.authorities()));
    }
    return Optional.of(
        overrides.tokenFile().isPresent()
            ? PoolSecurity.ofToken(overrides.tokenFile().get())
            : security.ofClient());
  }
}
