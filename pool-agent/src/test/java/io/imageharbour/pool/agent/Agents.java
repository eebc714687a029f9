package io.imageharbour.pool.agent;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.control.ControlConfig;
import io.imageharbour.pool.control.ControlStats;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Agents for tests, and what tests do to them. */
public final class Agents {

  private Agents() {}

  /** A small agent on the loopback interface that keeps its files in a directory. */
  public static AgentConfig config(String id, Path directory, int port, PoolSecurity security) {
    return new AgentConfig(
        id,
        "127.0.0.1:" + port,
        32 << 20,
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
        "info",
        ControlConfig.defaults());
  }

  /** The same, with this port for TCP. */
  public static AgentConfig withTcpPort(AgentConfig config, int port) {
    return new AgentConfig(
        config.id(),
        config.listen(),
        config.memory(),
        config.lockMemory(),
        config.transports(),
        config.socket(),
        port,
        config.rdmaAddresses(),
        config.rdmaPort(),
        config.policy(),
        config.security(),
        config.etcd(),
        config.metricsAddress(),
        config.logLevel(),
        config.control());
  }

  /** The same with this policy. */
  public static AgentConfig with(AgentConfig config, PolicyKind policy) {
    return new AgentConfig(
        config.id(),
        config.listen(),
        config.memory(),
        config.lockMemory(),
        config.transports(),
        config.socket(),
        config.tcpPort(),
        config.rdmaAddresses(),
        config.rdmaPort(),
        policy,
        config.security(),
        config.etcd(),
        config.metricsAddress(),
        config.logLevel(),
        config.control());
  }

  /** The same that registers itself in etcd. */
  public static AgentConfig with(AgentConfig config, EtcdConfig etcd, ControlConfig control) {
    return new AgentConfig(
        config.id(),
        config.listen(),
        config.memory(),
        config.lockMemory(),
        config.transports(),
        config.socket(),
        config.tcpPort(),
        config.rdmaAddresses(),
        config.rdmaPort(),
        config.policy(),
        config.security(),
        Optional.of(etcd),
        config.metricsAddress(),
        config.logLevel(),
        control);
  }

  /** What an agent's control plane did. */
  public static ControlStats control(Agent agent) {
    return agent.controlStats();
  }

  /** The same, by one transport alone; RDMA at the address that the guest's tests know. */
  public static AgentConfig withTransport(AgentConfig config, String transport)
      throws UnknownHostException {
    List<InetAddress> addresses =
        transport.equals("rdma")
            ? List.of(InetAddress.getByName(System.getProperty("harbour.rdma.address")))
            : List.of();
    return withTransport(config, config.listen(), transport, addresses);
  }

  /** The same, by RDMA alone, and all of it at this address. */
  public static AgentConfig withRdmaAt(AgentConfig config, InetAddress address) {
    return withTransport(config, address.getHostAddress() + ":0", "rdma", List.of(address));
  }

  private static AgentConfig withTransport(
      AgentConfig config, String listen, String transport, List<InetAddress> rdmaAddresses) {
    return new AgentConfig(
        config.id(),
        listen,
        config.memory(),
        config.lockMemory(),
        List.of(transport),
        config.socket(),
        config.tcpPort(),
        rdmaAddresses,
        config.rdmaPort(),
        config.policy(),
        config.security(),
        config.etcd(),
        config.metricsAddress(),
        config.logLevel(),
        config.control());
  }

  /** An agent that takes back staging memory after a second. */
  public static Agent startImpatient(AgentConfig config) throws IOException {
    return startImpatient(config, Duration.ofMinutes(1));
  }

  /** The same that forgets clients of which it has not heard for so long. */
  public static Agent startImpatient(AgentConfig config, Duration silence) throws IOException {
    return Agent.start(config, silence, Duration.ofSeconds(1));
  }

  /** Has an agent lend another amount of memory, as its service does. */
  public static long resize(Agent agent, long capacity) throws IOException {
    return agent.contents().resize(capacity);
  }

  /** Changes a bit of a content in the agent's memory. */
  public static void flipABit(Agent agent, Digest digest) {
    Region table = agent.regions().find(Region.TABLE).orElseThrow();
    Span where = new LookupTable(table.memory().segment()).find(digest).orElseThrow().where();
    MemorySegment slab = agent.regions().find(where.region()).orElseThrow().memory().segment();
    byte old = slab.get(ValueLayout.JAVA_BYTE, where.offset());
    slab.set(ValueLayout.JAVA_BYTE, where.offset(), (byte) (old ^ 1));
  }

  /** Has an agent keep a content under another one's digest. */
  public static void swap(Agent agent, Digest digest, byte[] other) {
    Region table = agent.regions().find(Region.TABLE).orElseThrow();
    Span where = new LookupTable(table.memory().segment()).find(digest).orElseThrow().where();
    MemorySegment slab = agent.regions().find(where.region()).orElseThrow().memory().segment();
    MemorySegment.copy(other, 0, slab, ValueLayout.JAVA_BYTE, where.offset(), where.length());
  }

  /** Changes a bit of a content's entry in the lookup table. */
  public static void flipABitOfTheEntry(Agent agent, Digest digest, int bit) {
    MemorySegment table = agent.regions().find(Region.TABLE).orElseThrow().memory().segment();
    Span bucket = LookupTable.bucket(digest, table.byteSize());
    for (long at = bucket.offset(); at < bucket.offset() + bucket.length(); at += 64) {
      if (Digest.fromBytes(table.asSlice(at, 32).toArray(ValueLayout.JAVA_BYTE)).equals(digest)) {
        long place = at + bit / 8;
        byte old = table.get(ValueLayout.JAVA_BYTE, place);
        table.set(ValueLayout.JAVA_BYTE, place, (byte) (old ^ 1 << bit % 8));
        return;
      }
    }
    throw new AssertionError("no entry");
  }

  /** What an agent's clients have of it: sessions, and bytes of staging memory. */
  public static String held(Agent agent) {
    return agent.sessions().size() + " sessions, " + agent.sessions().staging() + " bytes";
  }

  /** How many contents an agent found to be something else. */
  public static long wrong(Agent agent) {
    return agent.contents().usage().wrong();
  }

  /** How many contents an agent has. */
  public static long contents(Agent agent) {
    return agent.contents().usage().contents();
  }
}
