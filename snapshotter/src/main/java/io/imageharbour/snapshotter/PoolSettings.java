package io.imageharbour.snapshotter;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.security.PoolSecurity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where the memory pool is, and how it is used: table {@code pool} of harbourd's configuration.
 * Without agents and etcd there is no pool.
 *
 * @param agents key {@code agents}: the agents, each {@code host:port}, written in the same way on
 *     all nodes: that is what contents are placed by; none by default
 * @param etcd table {@code etcd}: where the agents register themselves; {@code agents} are used
 *     until it has answered for the first time; not used by default
 * @param replicas key {@code replicas}, 1 to 8: agents that keep each content; default 1
 * @param transports key {@code transports}: how agents' memory may be read, the best first; default
 *     {@code shm} and {@code tcp}; {@code rdma} is the third
 * @param readTimeout key {@code timeout}, in milliseconds, 10 to 60000: after so long an agent that
 *     is read from has failed; default 1000
 * @param headStart key {@code head-start}, in milliseconds, 1 to 60000: after so long without an
 *     answer from the pool the registry is asked as well; default 50
 * @param security keys {@code certificate}, {@code key} and {@code authorities}, three PEM files,
 *     for TLS with certificates on both sides; else {@code token-file}, default {@code
 *     /etc/harbour/pool.token}; empty if there is no pool
 */
public record PoolSettings(
    List<AgentAddress> agents,
    Optional<EtcdConfig> etcd,
    int replicas,
    List<String> transports,
    Duration readTimeout,
    Duration headStart,
    Optional<PoolSecurity> security) {

  public PoolSettings {
    agents = List.copyOf(agents);
    transports = List.copyOf(transports);
  }

  /** Whether there is a pool at all. */
  public boolean isConfigured() {
    return !agents.isEmpty() || etcd.isPresent();
  }
}
