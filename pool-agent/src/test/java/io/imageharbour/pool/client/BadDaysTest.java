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
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.shm.SharedMemoryTransport;
import io.imageharbour.pool.transport.tcp.TcpTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A client of agents that are stopped, killed, cut off, full or wrong. Whoever reads gets right
 * bytes or hears in time that there are none, and nothing is left of an agent that is gone.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class BadDaysTest {

  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final int READERS = 8;

  @TempDir Path directory;
  private final Random random = new Random(5);
  private final List<AutoCloseable> opened = new ArrayList<>();
  private PoolSecurity security;
  private long descriptors;

  @BeforeEach
  void makeToken() throws IOException {
    security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    descriptors = Traces.descriptors();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
    await(() -> Traces.mappings().isEmpty());
    await(() -> Traces.threads() == 0);
    // the first use of the network has the JVM open some for itself
    await(() -> Traces.descriptors() <= descriptors + 2);
  }

  @Test
  void memoryOfAStoppedAgentIsReadOn() throws Exception {
    AgentProcess agent = process("a", 0);
    PoolClient client = client("shm", agent.address());
    List<byte[]> contents = contents(40, 50_000);
    offer(client, contents.subList(0, 30));
    PoolClient reader = client("shm", agent.address());
    try (Readers readers = new Readers(reader, contents, READERS)) {
      await(() -> readers.hits() > 100);
      agent.stop();
      // none of the addresses is known to this one
      for (byte[] content : contents.subList(0, 30)) {
        assertThat(isThere(client, content)).isTrue();
      }
      assertThat(isThere(client, contents.getLast())).isFalse();
      long hits = readers.hits();
      await(() -> readers.hits() > hits + 1000);
      assertThat(readers.failures()).isZero();
      agent.resume();
    }
    offer(client, contents.subList(30, 40));
    assertThat(isThere(reader, contents.getLast())).isTrue();
  }

  @Test
  void aStoppedAgentThatIsReadOverTheNetworkIsLeftAloneUntilItGoesOn() throws Exception {
    AgentProcess agent = process("a", 0);
    PoolClient client = client("tcp", agent.address());
    List<byte[]> contents = contents(20, 50_000);
    offer(client, contents);
    try (Readers readers = new Readers(client, contents, READERS)) {
      await(() -> readers.hits() > 100);
      agent.stop();
      await(() -> !client.isOfUse());
      // at once: there are many within what one would otherwise wait
      long failures = readers.failures();
      await(() -> readers.failures() > failures + 10_000);
      agent.resume();
      long hits = readers.hits();
      await(() -> readers.hits() > hits + 100);
    }
  }

  @Test
  void thatAnAgentIsSlowIsNotHeldAgainstItByWhoIsInAHurry() throws Exception {
    AgentProcess agent = process("a", 0);
    PoolClient client = client("tcp", agent.address());
    List<byte[]> contents = contents(2, 50_000);
    offer(client, contents.subList(0, 1));
    await(() -> readPromptly(client, contents.getFirst()) == PoolClient.Prompt.TAKEN);
    await(() -> readPromptly(client, contents.getLast()) == PoolClient.Prompt.MISSING);
    agent.stop();
    for (int i = 0; i < 10; i++) {
      assertThat(readPromptly(client, contents.getFirst())).isEqualTo(PoolClient.Prompt.UNKNOWN);
    }
    assertThat(client.isOfUse()).isTrue();
    assertThat(client.stats().agents().getFirst().failures()).isZero();
    agent.resume();
    await(() -> readPromptly(client, contents.getFirst()) == PoolClient.Prompt.TAKEN);
  }

  private static PoolClient.Prompt readPromptly(PoolClient client, byte[] content)
      throws Exception {
    Digest digest = Digest.sha256(content);
    return client.readPromptly(
        digest,
        content.length,
        bytes -> Digest.sha256(bytes).equals(digest),
        Duration.ofMillis(50));
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void anAgentThatWasKilledLeavesNothingAndItsSuccessorIsFound(String transport) throws Exception {
    AgentProcess first = process("a", 0);
    PoolClient client = client(transport, first.address());
    List<byte[]> contents = contents(20, 100_000);
    offer(client, contents);
    try (Readers readers = new Readers(client, contents, READERS)) {
      await(() -> readers.hits() > 100);
      first.kill();
      await(() -> !client.isOfUse());
      await(() -> Traces.mappings().isEmpty());
      process("a", first.port());
      await(
          () -> {
            offer(client, contents);
            return contents.stream().allMatch(content -> isThere(client, content));
          });
      long hits = readers.hits();
      await(() -> readers.hits() > hits + 100);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void whatIsGivenUpWhileItIsReadIsRightOrMissing(String transport) throws Exception {
    Agent agent = agent(Agents.config("a", directory, 0, security));
    PoolClient client = client(transport, address("a", agent));
    PoolClient writer = client(transport, address("a", agent));
    List<byte[]> contents = contents(200, 300_000);
    contents.addAll(contents(400, 3000));
    try (Readers readers = new Readers(client, contents, READERS)) {
      for (int round = 0; round < 3; round++) {
        for (byte[] content : contents) {
          writer.put(Digest.sha256(content), ByteBuffer.wrap(content));
        }
      }
      assertThat(writer.awaitOffers(PATIENCE)).isTrue();
      await(() -> readers.hits() > 100 && readers.misses() > 100);
      assertThat(readers.failures()).isZero();
    }
    assertThat(writer.stats().dropped()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void memoryIsGivenBackWhileItIsFullAndRead(String transport) throws Exception {
    Agent agent = agent(Agents.config("a", directory, 0, security));
    PoolClient client = client(transport, address("a", agent));
    List<byte[]> contents = contents(100, 300_000);
    try (Readers readers = new Readers(client, contents, 3)) {
      for (int round = 0; round < 4; round++) {
        offerAll(client, contents);
        long hits = readers.hits();
        await(() -> readers.hits() > hits + 100);
        assertThat(Agents.resize(agent, round % 2 == 0 ? 16 << 20 : 48 << 20)).isPositive();
      }
      // the slabs that went are not kept by who has read them
      await(() -> Traces.mappings().getOrDefault("harbour-slab", 0) <= 2 * 3);
    }
  }

  /** By shared memory whoever has mapped it still reads it, and by RDMA the connection ends. */
  @Test
  void whatWasInASlabThatWentBackToTheHostIsAMissOverTcp() throws Exception {
    Agent agent = agent(Agents.config("a", directory, 0, security));
    PoolConfig withoutReports =
        new PoolConfig(1, Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMinutes(5));
    PoolClient client = open(withoutReports, "tcp", address("a", agent));
    await(client::isOfUse);
    List<byte[]> contents = contents(100, 300_000);
    offerAll(client, contents);
    assertThat(contents.stream().filter(content -> isThere(client, content)).count())
        .isGreaterThan(90);

    assertThat(Agents.resize(agent, 16 << 20)).isEqualTo(16 << 20);

    assertThat(contents.stream().filter(content -> isThere(client, content)).count())
        .isBetween(20L, 60L);
    // nor has anything failed, or been connected anew
    PoolStats.Agent stats = client.stats().agents().getFirst();
    assertThat(stats.failures()).isZero();
    assertThat(stats.transport()).contains("tcp");
  }

  @Test
  void whereTwoAgentsDisagreeTheOneThatIsRightIsBelieved() throws Exception {
    Agent a = agent(Agents.config("a", directory, 0, security));
    Agent b = agent(Agents.config("b", directory, 0, security));
    PoolClient client =
        open(config(2), "tcp", new AgentAddress[] {address("a", a), address("b", b)});
    await(() -> client.stats().agents().stream().allMatch(x -> x.transport().isPresent()));
    List<byte[]> contents = contents(20, 5000);
    offer(client, contents);
    for (int i = 0; i < contents.size(); i++) {
      Agents.swap(i % 2 == 0 ? a : b, Digest.sha256(contents.get(i)), contents(1, 5000).getFirst());
    }
    assertThat(contents).allMatch(content -> isThere(client, content));
    assertThat(client.stats().agents().stream().mapToLong(PoolStats.Agent::wrong).sum())
        .isPositive();
    // each looks for itself when it is told, and can be brought the content again
    await(
        () -> {
          contents.forEach(content -> assertThat(isThere(client, content)).isTrue());
          offer(client, contents);
          return Agents.wrong(a) + Agents.wrong(b) > 0
              && Agents.contents(a) == 20
              && Agents.contents(b) == 20;
        });
  }

  @Test
  void aNetworkThatStopsForAWhileDelaysNobodyForLong() throws Exception {
    StallingNetwork service = opened(new StallingNetwork());
    StallingNetwork data = opened(new StallingNetwork());
    Agent agent = agent(overNetwork(service, data));
    PoolClient client =
        client("tcp", new AgentAddress("a", StallingNetwork.NEAR, service.port(), 1));
    List<byte[]> contents = contents(20, 50_000);
    offer(client, contents);
    try (Readers readers = new Readers(client, contents, READERS)) {
      await(() -> readers.hits() > 100);
      service.stall();
      data.stall();
      await(() -> !client.isOfUse());
      long failures = readers.failures();
      await(() -> readers.failures() > failures + 10_000);
      // nor is anybody kept who brings contents
      for (byte[] content : contents(40, 1 << 20)) {
        client.offer(Digest.sha256(content), ByteBuffer.wrap(content));
      }
      assertThat(client.awaitOffers(PATIENCE)).isTrue();
      service.resume();
      data.resume();
      long hits = readers.hits();
      await(() -> readers.hits() > hits + 100);
    }
    assertThat(Agents.contents(agent)).isGreaterThanOrEqualTo(20);
  }

  @Test
  void connectionsThatTheNetworkHasForgottenAreMadeAnew() throws Exception {
    StallingNetwork service = opened(new StallingNetwork());
    StallingNetwork data = opened(new StallingNetwork());
    Agent unused = agent(overNetwork(service, data));
    PoolClient client =
        client("tcp", new AgentAddress("a", StallingNetwork.NEAR, service.port(), 1));
    List<byte[]> contents = contents(20, 50_000);
    offer(client, contents);
    try (Readers readers = new Readers(client, contents, READERS)) {
      await(() -> readers.hits() > 100);
      service.loseConnections();
      data.loseConnections();
      await(() -> !client.isOfUse());
      long hits = readers.hits();
      await(() -> readers.hits() > hits + 100);
    }
  }

  @Test
  void flippedBitsInTheTableAreAMissUntilTheContentIsBroughtAgain() throws Exception {
    Agent agent = agent(Agents.config("a", directory, 0, security));
    PoolClient client = client("shm", address("a", agent));
    List<byte[]> contents = contents(8, 1000);
    for (int bit :
        new int[] {32 * 8, 36 * 8 + 1, 36 * 8 + 31, 40 * 8 + 3, 47 * 8, 56 * 8, 63 * 8}) {
      offer(client, contents);
      Digest digest = Digest.sha256(contents.getFirst());
      Agents.flipABitOfTheEntry(agent, digest, bit);
      PoolClient other = client("shm", address("a", agent));
      assertThat(isThere(other, contents.getFirst())).isFalse();
      await(
          () -> {
            offer(other, contents);
            return isThere(other, contents.getFirst());
          });
    }
    assertThat(Agents.contents(agent)).isEqualTo(8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void stagingThatIsNotUsedGoesBackAndTheNextBatchWorks(String transport) throws Exception {
    Agent agent = Agents.startImpatient(Agents.config("a", directory, 0, security));
    opened.add(agent);
    PoolClient client = client(transport, address("a", agent));
    for (int i = 0; i < 2; i++) {
      List<byte[]> contents = contents(10, 100_000);
      // on a busy machine it may be gone before it was written to
      await(
          () -> {
            offer(client, contents);
            return contents.stream().allMatch(content -> isThere(client, content));
          });
      await(() -> Agents.held(agent).equals("1 sessions, 0 bytes"));
      // by the client, too
      await(() -> !Traces.mappings().containsKey("harbour-staging"));
    }
  }

  private AgentProcess process(String id, int port) throws IOException {
    return opened(AgentProcess.start(id, directory, port));
  }

  private Agent agent(AgentConfig config) throws IOException {
    return opened(Agent.start(config));
  }

  /** An agent whose ports are those of the networks. */
  private AgentConfig overNetwork(StallingNetwork service, StallingNetwork data) {
    return Agents.withTcpPort(Agents.config("a", directory, service.port(), security), data.port());
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(resource);
    return resource;
  }

  private static AgentAddress address(String id, Agent agent) {
    return new AgentAddress(id, "127.0.0.1", agent.port(), 1);
  }

  private static PoolConfig config(int replicas) {
    return new PoolConfig(
        replicas, Duration.ofMillis(500), Duration.ofSeconds(3), Duration.ofMillis(100));
  }

  private PoolClient client(String transport, AgentAddress agent) throws Exception {
    PoolClient client = open(config(1), transport, agent);
    await(client::isOfUse);
    return client;
  }

  private PoolClient open(PoolConfig config, String transport, AgentAddress... agents)
      throws IOException {
    Transport by =
        transport.equals("shm") ? new SharedMemoryTransport() : new TcpTransport(Optional.empty());
    return opened(
        new PoolClient(config, security, new StaticMembership(List.of(agents)), List.of(by)));
  }

  private List<byte[]> contents(int count, int size) {
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] content = new byte[size];
      random.nextBytes(content);
      contents.add(content);
    }
    return contents;
  }

  private static void offer(PoolClient client, List<byte[]> contents) throws InterruptedException {
    contents.forEach(content -> client.offer(Digest.sha256(content), ByteBuffer.wrap(content)));
    assertThat(client.awaitOffers(PATIENCE)).isTrue();
  }

  private static void offerAll(PoolClient client, List<byte[]> contents) throws Exception {
    for (byte[] content : contents) {
      client.put(Digest.sha256(content), ByteBuffer.wrap(content));
    }
    assertThat(client.awaitOffers(PATIENCE)).isTrue();
  }

  private static boolean isThere(PoolClient client, byte[] content) {
    Digest digest = Digest.sha256(content);
    try {
      return client.read(digest, content.length, bytes -> Digest.sha256(bytes).equals(digest));
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }
}
