package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.AgentConfig;
import io.imageharbour.pool.agent.AgentProcess;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Agents and clients of tests of what goes wrong. Whatever a test does to them, nothing is left of
 * them when they are closed.
 */
abstract class BadDays {

  private static final Duration STEP = Duration.ofMillis(5);

  @TempDir Path directory;
  private final Duration patience;
  private final Random random = new Random(5);
  private final List<AutoCloseable> opened = new ArrayList<>();
  private PoolSecurity security;
  private long descriptors;
  private Map<String, Long> device;

  /**
   * @param patience for what has to come about
   */
  BadDays(Duration patience) {
    this.patience = patience;
  }

  /** How clients use the pool. */
  PoolConfig config(int replicas) {
    return new PoolConfig(
        replicas, Duration.ofMillis(500), Duration.ofSeconds(3), Duration.ofMillis(100));
  }

  /** How many objects of each kind RDMA devices have made. */
  Map<String, Long> device() throws Exception {
    return Map.of();
  }

  @BeforeEach
  final void begin() throws Exception {
    security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    descriptors = Traces.descriptors();
    device = device();
  }

  @AfterEach
  final void nothingIsLeft() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
    await(() -> Traces.mappings().isEmpty());
    await(() -> Traces.threads() == 0);
    // the first use of the network has the JVM open some for itself
    await(() -> Traces.descriptors() <= descriptors + 2);
    await(() -> Traces.areAtMost(device(), device));
  }

  final AgentProcess process(String id, int port, String transport) throws IOException {
    return opened(AgentProcess.start(id, directory, port, transport));
  }

  /** How agents are configured that share the host with the test. */
  final AgentConfig agentConfig(String id, int port, String transport) throws IOException {
    return Agents.withTransport(Agents.config(id, directory, port, security), transport);
  }

  final Agent agent(AgentConfig config) throws IOException {
    return opened(Agent.start(config));
  }

  final <T extends AutoCloseable> T opened(T resource) {
    opened.add(resource);
    return resource;
  }

  static AgentAddress address(String id, Agent agent) {
    return new AgentAddress(id, "127.0.0.1", agent.port(), 1);
  }

  final PoolClient client(String transport, AgentAddress agent) throws Exception {
    PoolClient client = open(config(1), transport, agent);
    await(client::isOfUse);
    return client;
  }

  final PoolClient open(PoolConfig config, String transport, AgentAddress... agents)
      throws IOException {
    return opened(
        new PoolClient(
            config,
            security,
            new StaticMembership(List.of(agents)),
            TransportNames.open(List.of(transport), security)));
  }

  /** Control of an agent; the caller's to close. */
  final PoolControl control(AgentAddress agent) throws IOException {
    return new PoolControl(List.of(agent), security);
  }

  final List<byte[]> contents(int count, int size) {
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] content = new byte[size];
      random.nextBytes(content);
      contents.add(content);
    }
    return contents;
  }

  /** Brings contents, of which too many are dropped. */
  final void offer(PoolClient client, List<byte[]> contents) throws InterruptedException {
    contents.forEach(content -> client.offer(Digest.sha256(content), ByteBuffer.wrap(content)));
    assertThat(client.awaitOffers(patience)).isTrue();
  }

  /** Brings contents, all of them. */
  final void offerAll(PoolClient client, List<byte[]> contents) throws InterruptedException {
    for (byte[] content : contents) {
      client.put(Digest.sha256(content), ByteBuffer.wrap(content));
    }
    assertThat(client.awaitOffers(patience)).isTrue();
  }

  static boolean isThere(PoolClient client, byte[] content) {
    Digest digest = Digest.sha256(content);
    try {
      return client.read(digest, content.length, bytes -> Digest.sha256(bytes).equals(digest));
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  final void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      LockSupport.parkNanos(STEP.toNanos());
    }
  }
}
