package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.Membership;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.security.TestCertificates;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.shm.SharedMemoryTransport;
import io.imageharbour.pool.transport.tcp.TcpTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client and agents in one process, with the real service and transports between them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PoolTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final PoolConfig CONFIG =
      new PoolConfig(1, Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofMillis(20));

  @TempDir Path directory;
  private final Random random = new Random(3);
  private final List<AutoCloseable> opened = new ArrayList<>();
  private PoolSecurity security;

  @BeforeEach
  void makeToken() throws IOException {
    security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void whatOneClientBringsAnotherReads(String transport) throws Exception {
    Agent agent = agent("a", 0);
    PoolClient writer = client(transport, agent);
    PoolClient reader = client(transport, agent);
    List<byte[]> contents = contents(1, 100, 4096, 65_536, 65_537, 1 << 20);
    offer(writer, contents);
    for (byte[] content : contents) {
      assertThat(read(reader, content)).isEqualTo(content);
      // by its address, without the table
      assertThat(read(reader, content)).isEqualTo(content);
    }
    assertThat(reader.stats().agents().getFirst().hits()).isEqualTo(2L * contents.size());
    assertThat(reader.stats().agents().getFirst().transport()).contains(transport);
  }

  @Test
  void aContentThatWasReadBeforeIsNotLookedUpAgain() throws Exception {
    Agent agent = agent("a", 0);
    List<byte[]> contents = contents(100, 4096, 1 << 20);
    offer(client("shm", agent), contents);
    CountedReads counted = new CountedReads(new SharedMemoryTransport());
    // no report, which would look as well if it took too long
    PoolConfig silent =
        new PoolConfig(1, CONFIG.readTimeout(), CONFIG.callTimeout(), Duration.ofMinutes(1));
    PoolClient reader =
        new PoolClient(
            silent, security, new StaticMembership(List.of(address("a", agent))), List.of(counted));
    opened.add(reader);
    await(reader::isOfUse);
    int looks = counted.looks();
    for (int round = 1; round <= 3; round++) {
      for (byte[] content : contents) {
        assertThat(read(reader, content)).isEqualTo(content);
      }
      assertThat(counted.looks()).isEqualTo(looks + contents.size());
      assertThat(counted.contents()).isEqualTo(round * contents.size());
    }
  }

  @Test
  void aContentThatNobodyBroughtIsNotThere() throws Exception {
    PoolClient client = client("shm", agent("a", 0));
    assertThat(client.read(Digest.sha256(new byte[9]), 9, bytes -> true)).isFalse();
    assertThat(client.stats().agents().getFirst().misses()).isEqualTo(1);
  }

  @Test
  void anAgentKeepsWhatItsPolicySays() throws Exception {
    assertThat(keptAfterAFlood(PolicyKind.LRU)).isZero();
    assertThat(keptAfterAFlood(PolicyKind.W_TINYLFU)).isPositive();
  }

  /** How many contents that were read often stay when memory is filled twice with others. */
  private long keptAfterAFlood(PolicyKind policy) throws Exception {
    String id = policy.configName();
    Agent agent = Agent.start(Agents.with(Agents.config(id, directory, 0, security), policy));
    opened.add(agent);
    PoolClient client = client("shm", agent);
    int[] half = new int[8];
    Arrays.fill(half, 512 << 10);
    List<byte[]> popular = contents(half);
    offer(client, popular);
    try (PoolControl control = new PoolControl(List.of(address("a", agent)), security)) {
      AgentControl asked = control.agents().getFirst();
      for (int round = 1; round <= 4; round++) {
        for (byte[] content : popular) {
          assertThat(read(client, content)).isEqualTo(content);
        }
        long told = (long) round * popular.size();
        await(() -> status(asked).hits() == told);
      }
    }
    for (int i = 0; i < 16; i++) {
      offer(client, contents(half));
    }
    return popular.stream().filter(content -> hits(client, content) == 1).count();
  }

  @Test
  void withoutTheTokenNothingIsTold() throws Exception {
    Agent agent = agent("a", 0);
    PoolSecurity other = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("other"));
    PoolClient stranger = open("shm", other, address("a", agent));
    await(() -> !stranger.isOfUse());
    assertThatThrownBy(() -> stranger.read(Digest.sha256(new byte[9]), 9, bytes -> true))
        .isInstanceOf(AgentUnavailableException.class);
  }

  @Test
  void anAgentThatLendsMoreStaysConnected() throws Exception {
    AgentAddress before = address("a", agent("a", 0));
    AgentAddress after = new AgentAddress("a", before.host(), before.port(), 2);
    AtomicReference<Consumer<List<AgentAddress>>> listener = new AtomicReference<>(agents -> {});
    Membership changing = new ChangingMembership(before, listener);
    PoolClient client =
        new PoolClient(CONFIG, security, changing, List.of(new SharedMemoryTransport()));
    opened.add(client);
    assertThat(client.awaitConnected(before, PATIENCE)).isTrue();

    Optional.ofNullable(listener.get()).orElseThrow().accept(List.of(after));

    assertThat(client.awaitConnected(after, Duration.ZERO)).isTrue();
  }

  @Test
  void overTlsContentsAreReadByThoseOfTheSameAuthorityOnly() throws Exception {
    PoolSecurity own = TestCertificates.make(directory, "own");
    PoolSecurity stranger = TestCertificates.make(directory, "stranger");
    security = own;
    Agent agent = agent("a", 0);
    PoolClient client = tls(own, agent);
    await(client::isOfUse);
    List<byte[]> contents = contents(1, 100_000, 1 << 20);
    offer(client, contents);
    for (byte[] content : contents) {
      assertThat(read(client, content)).isEqualTo(content);
    }
    PoolClient other = tls(stranger, agent);
    assertThat(other.awaitConnected(address("a", agent), Duration.ofSeconds(1))).isFalse();
    // who has the certificate but speaks TCP without TLS gets no byte
    PoolClient plain =
        new PoolClient(
            CONFIG,
            own,
            new StaticMembership(List.of(address("a", agent))),
            List.of(new TcpTransport(Optional.empty())));
    opened.add(plain);
    assertThat(plain.awaitConnected(address("a", agent), Duration.ofSeconds(1))).isFalse();
    assertThat(read(client, contents.getFirst())).isEqualTo(contents.getFirst());
  }

  private PoolClient tls(PoolSecurity with, Agent agent) throws Exception {
    PoolClient client =
        new PoolClient(
            CONFIG,
            with,
            new StaticMembership(List.of(address("a", agent))),
            List.of(new TcpTransport(with.context())));
    opened.add(client);
    return client;
  }

  /** A list that a test changes. */
  private record ChangingMembership(
      AgentAddress agent, AtomicReference<Consumer<List<AgentAddress>>> listener)
      implements Membership {

    @Override
    public List<AgentAddress> agents() {
      return List.of(agent);
    }

    @Override
    public boolean stale() {
      return false;
    }

    @Override
    public void listen(Consumer<List<AgentAddress>> wants) {
      listener.set(wants);
      wants.accept(agents());
    }

    @Override
    public void close() {
      listener.set(agents -> {});
    }
  }

  @Test
  void contentsAreSpreadOverTheAgents() throws Exception {
    Agent a = agent("a", 0);
    Agent b = agent("b", 0);
    PoolClient client = open("tcp", security, address("a", a), address("b", b));
    await(() -> client.stats().agents().stream().allMatch(x -> x.transport().isPresent()));
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      contents.addAll(contents(1000));
    }
    offer(client, contents);
    for (byte[] content : contents) {
      assertThat(read(client, content)).isEqualTo(content);
    }
    assertThat(client.stats().agents()).allSatisfy(x -> assertThat(x.hits()).isGreaterThan(20));
  }

  @Test
  void anAgentThatWasRestartedIsFoundAgain() throws Exception {
    Agent first = agent("a", 0);
    int port = first.port();
    PoolClient client = client("shm", first);
    byte[] content = contents(5000).getFirst();
    offer(client, List.of(content));
    first.close();
    agent("a", port);
    // it is another one and has nothing
    await(() -> hits(client, content) == 0);
    await(
        () -> {
          offerQuietly(client, content);
          return hits(client, content) == 1;
        });
  }

  @Test
  void contentsThatMovedAreFoundWhenMemoryIsGivenBack() throws Exception {
    Agent agent = agent("a", 0);
    PoolClient client = client("shm", agent);
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      contents.addAll(contents(300_000));
    }
    offer(client, contents);
    for (byte[] content : contents) {
      assertThat(read(client, content)).isEqualTo(content);
    }
    assertThat(Agents.resize(agent, 16 << 20)).isEqualTo(16 << 20);
    long there = contents.stream().filter(content -> hits(client, content) == 1).count();
    assertThat(there).isBetween(40L, 50L);
    assertThat(Agents.resize(agent, 48 << 20)).isEqualTo(48 << 20);
    List<byte[]> more = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      more.addAll(contents(300_000));
    }
    // into memory that the client does not know at first
    await(
        () -> {
          more.forEach(content -> offerQuietly(client, content));
          return more.stream().allMatch(content -> hits(client, content) == 1);
        });
  }

  @Test
  void whoPutsContentsWaitsAndWhoOffersThemDoesNot() throws Exception {
    Agent agent = agent("a", 0);
    PoolClient client = client("tcp", agent);
    // more than may be under way at once
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      contents.addAll(contents(1 << 20));
    }
    for (byte[] content : contents) {
      client.put(Digest.sha256(content), ByteBuffer.wrap(content));
    }
    assertThat(client.awaitOffers(PATIENCE)).isTrue();
    assertThat(client.stats().dropped()).isZero();
    for (byte[] content : contents) {
      assertThat(hits(client, content)).isEqualTo(1);
    }
  }

  @Test
  void anAgentIsToldOfHitsAndMisses() throws Exception {
    Agent agent = agent("a", 0);
    PoolClient client = client("shm", agent);
    List<byte[]> contents = contents(100, 1000);
    offer(client, contents);
    try (PoolControl control = new PoolControl(List.of(address("a", agent)), security)) {
      AgentControl asked = control.agents().getFirst();
      for (int i = 0; i < 5; i++) {
        assertThat(hits(client, contents.get(i % 2))).isEqualTo(1);
      }
      byte[] missing = new byte[9];
      assertThat(hits(client, missing)).isZero();
      assertThat(hits(client, missing)).isZero();
      // what was missed and then brought stays a miss
      offer(client, List.of(missing));
      await(() -> status(asked).misses() == 2);
      await(() -> status(asked).hits() == 5);
      assertThat(status(asked).hitBytes()).isEqualTo(3 * 100 + 2 * 1000);
    }
  }

  @Test
  void anAgentSaysWhichContentsItHas() throws Exception {
    Agent agent = agent("a", 0);
    PoolClient client = client("shm", agent);
    try (PoolControl control = new PoolControl(List.of(address("a", agent)), security)) {
      AgentControl asked = control.agents().getFirst();
      // in several messages
      List<Digest> digests = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        digests.add(Digest.sha256(new byte[] {(byte) i, (byte) (i >> 8)}));
      }
      assertThat(asked.has(digests).isEmpty()).isTrue();
      for (int i : new int[] {0, 7, 8191, 8192, 19_999}) {
        byte[] content = {(byte) i, (byte) (i >> 8)};
        offer(client, List.of(content));
      }
      assertThat(asked.has(digests).stream()).containsExactly(0, 7, 8191, 8192, 19_999);
      assertThat(asked.has(List.of()).isEmpty()).isTrue();
      assertThat(asked.contents()).hasSize(5).allMatch(content -> content.size() == 2);
      assertThat(asked.evict(digests)).isEqualTo(new AgentControl.Evicted(5, 10));
      assertThat(asked.contents()).isEmpty();
    }
  }

  private static AgentStatus status(AgentControl agent) {
    try {
      return agent.status();
    } catch (AgentUnavailableException e) {
      throw new AssertionError(e);
    }
  }

  private Agent agent(String id, int port) throws IOException {
    Agent agent = Agent.start(Agents.config(id, directory, port, security));
    opened.add(agent);
    return agent;
  }

  private PoolClient client(String transport, Agent agent) throws Exception {
    PoolClient client = open(transport, security, address("a", agent));
    await(client::isOfUse);
    return client;
  }

  private PoolClient open(String transport, PoolSecurity with, AgentAddress... agents)
      throws IOException {
    return open(
        transport.equals("shm") ? new SharedMemoryTransport() : new TcpTransport(Optional.empty()),
        with,
        agents);
  }

  private PoolClient open(Transport by, PoolSecurity with, AgentAddress... agents)
      throws IOException {
    PoolClient client =
        new PoolClient(CONFIG, with, new StaticMembership(List.of(agents)), List.of(by));
    opened.add(client);
    return client;
  }

  private static AgentAddress address(String id, Agent agent) {
    return new AgentAddress(id, "127.0.0.1", agent.port(), 1);
  }

  private List<byte[]> contents(int... sizes) {
    List<byte[]> contents = new ArrayList<>();
    for (int size : sizes) {
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

  private static void offerQuietly(PoolClient client, byte[] content) {
    try {
      offer(client, List.of(content));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] read(PoolClient client, byte[] content) throws Exception {
    byte[][] came = {new byte[0]};
    boolean there =
        client.read(
            Digest.sha256(content),
            content.length,
            bytes -> {
              came[0] = new byte[bytes.remaining()];
              bytes.get(came[0]);
              return Digest.sha256(came[0]).equals(Digest.sha256(content));
            });
    assertThat(there).isTrue();
    return came[0];
  }

  /** 1 if the pool has it, else 0. */
  private static long hits(PoolClient client, byte[] content) {
    Digest digest = Digest.sha256(content);
    try {
      return client.read(digest, content.length, bytes -> Digest.sha256(bytes).equals(digest))
          ? 1
          : 0;
    } catch (IOException e) {
      return 0;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
