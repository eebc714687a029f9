package io.imageharbour.pool.agent;

import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.control.ControlConfig;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.security.PoolSecurity;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The configuration of an agent: a TOML file, read once at start, and a few options of the command
 * line that replace what it says. Every key has a default, so an empty file is complete.
 *
 * @param id key {@code id}: the agent's name in the pool, the same after a restart: 1 to 64 of a-z,
 *     0-9 and "-"; default the host's name
 * @param listen key {@code listen}: {@code host:port} of the gRPC service; default {@code
 *     127.0.0.1:7410}
 * @param memory key {@code memory}: bytes to lend, such as {@code "8GiB"}; default {@code 1GiB}
 * @param lockMemory key {@code lock-memory}: whether that memory is kept from being swapped out;
 *     default true
 * @param transports key {@code transports}: how clients may read it: {@code rdma}, {@code shm},
 *     {@code tcp}; default {@code shm} and {@code tcp}
 * @param socket key {@code socket}: the unix socket of the transport {@code shm}; default {@code
 *     /run/harbour/agent.sock}
 * @param tcpPort key {@code tcp-port}: the port of the transport {@code tcp}, at the address of
 *     {@code listen}; default 7411; 0 takes a free one
 * @param rdmaAddresses key {@code rdma-addresses}: IPv4 addresses of this host's RDMA device, for
 *     the transport {@code rdma}; default that of {@code listen}
 * @param rdmaPort key {@code rdma-port}: its port there; default 7412; 0 takes a free one
 * @param policy key {@code policy}: which contents stay when memory is full: {@code lru}, {@code
 *     arc}, {@code s3-fifo} or {@code w-tinylfu} (the default)
 * @param security table {@code security}: {@code certificate}, {@code key} and {@code authorities},
 *     three PEM files, for TLS with certificates on both sides; else {@code token-file}, default
 *     {@code /etc/harbour/pool.token}, made if it is not there
 * @param etcd table {@code etcd}: where agents and clients find each other; not used by default
 * @param metricsAddress key {@code metrics-address}: {@code host:port} to serve Prometheus metrics
 *     on, over HTTP; off by default
 * @param logLevel key {@code log-level}: {@code error}, {@code warn}, {@code info} (the default) or
 *     {@code debug}
 * @param control tables {@code control} and {@code registry}, of use where there is etcd: {@code
 *     preload-from}, registries whose popular images it brings into the pool while it leads; {@code
 *     replicas}, as nodes have it, default 1; {@code interval}, so often it looks while it leads,
 *     in seconds, 1 to 3600, default 15; and how it reaches registries, as harbourd has it
 */
public record AgentConfig(
    String id,
    String listen,
    long memory,
    boolean lockMemory,
    List<String> transports,
    Path socket,
    int tcpPort,
    List<InetAddress> rdmaAddresses,
    int rdmaPort,
    PolicyKind policy,
    PoolSecurity security,
    Optional<EtcdConfig> etcd,
    Optional<String> metricsAddress,
    String logLevel,
    ControlConfig control) {

  public AgentConfig {
    transports = List.copyOf(transports);
    rdmaAddresses = List.copyOf(rdmaAddresses);
  }
}
