package io.imageharbour.snapshotter;

import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.client.PoolConfig;
import io.imageharbour.pool.client.TransportNames;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.cluster.EtcdMembership;
import io.imageharbour.pool.cluster.Membership;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.file.Path;
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

  private static final String PROGRAM = "harbourd";
  private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

  public PoolSettings {
    agents = List.copyOf(agents);
    transports = List.copyOf(transports);
  }

  /**
   * What harbourd's configuration says of the pool, for other programs of the same host.
   *
   * @param file the configuration; empty for the defaults
   * @param overrides what is said elsewhere, and comes first
   * @throws ConfigurationException if it can't be read; one line that says what to do
   */
  public static PoolSettings read(Optional<Path> file, PoolOverrides overrides)
      throws ConfigurationException {
    ConfigTable all =
        file.isPresent()
            ? ConfigTable.read(PROGRAM, file.get())
            : ConfigTable.parse(PROGRAM, "the defaults", "");
    ConfigTable pool = all.table("pool");
    PoolSettings settings = PoolTable.read(pool, overrides);
    pool.refuseUnknown();
    return settings;
  }

  /** Whether there is a pool at all. */
  public boolean isConfigured() {
    return !agents.isEmpty() || etcd.isPresent();
  }

  /**
   * The same with the agents that etcd knows now in place of etcd: for programs that do one thing
   * and end. If etcd does not answer in its time these are the agents that are listed, as for
   * harbourd.
   *
   * @throws NoAgentsException if there are none
   * @throws IOException if a file that etcd needs can't be used
   */
  public PoolSettings resolved() throws IOException, InterruptedException {
    if (etcd.isEmpty()) {
      return this;
    }
    List<AgentAddress> now;
    boolean answered;
    try (Membership membership = EtcdMembership.connect(etcd.get(), new StaticMembership(agents))) {
      long deadline = System.nanoTime() + etcd.get().timeout().toNanos();
      while (membership.stale() && System.nanoTime() - deadline < 0) {
        Thread.sleep(LOOK_AGAIN);
      }
      answered = !membership.stale();
      now = membership.agents();
    }
    if (now.isEmpty()) {
      throw new NoAgentsException(
          "etcd at %s %s: name the pool's agents with --agent"
              .formatted(
                  etcd.get().endpoints(),
                  answered
                      ? "knows of no agent that runs"
                      : "does not say which agents there are"));
    }
    return new PoolSettings(
        now, Optional.empty(), replicas, transports, readTimeout, headStart, security);
  }

  /**
   * A client of the pool, if there is one; the caller closes it.
   *
   * @throws IOException if a transport can't be set up
   */
  public Optional<PoolClient> open() throws IOException {
    if (!isConfigured()) {
      return Optional.empty();
    }
    PoolSecurity known = security.orElseThrow();
    StaticMembership listed = new StaticMembership(agents);
    Membership membership = etcd.isPresent() ? EtcdMembership.connect(etcd.get(), listed) : listed;
    return Optional.of(
        new PoolClient(
            PoolConfig.of(replicas, readTimeout),
            known,
            membership,
            TransportNames.open(transports, known)));
  }
}
