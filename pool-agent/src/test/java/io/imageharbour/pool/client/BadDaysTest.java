package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.AgentConfig;
import io.imageharbour.pool.agent.AgentProcess;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.cluster.AgentAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A client of agents that are stopped, shrink or are cut off, as one transport or the other has it;
 * what every transport has to do is in {@link BadDaysContract}.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class BadDaysTest extends BadDays {

  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Duration STALL = Duration.ofSeconds(31);
  private static final Duration HURRY = Duration.ofMillis(50);
  private static final int READERS = 8;

  BadDaysTest() {
    super(PATIENCE);
  }

  @Test
  void aStoppedAgentThatIsReadOverTheNetworkIsLeftAloneUntilItGoesOn() throws Exception {
    AgentProcess agent = process("a", 0, "tcp");
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
    AgentProcess agent = process("a", 0, "tcp");
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

  @Test
  void onlyTheFirstInAHurryWaitsForAStoppedAgent() throws Exception {
    AgentProcess agent = process("a", 0, "tcp");
    PoolClient client = client("tcp", agent.address());
    byte[] content = contents(1, 50_000).getFirst();
    offer(client, List.of(content));
    await(() -> readPromptly(client, content) == PoolClient.Prompt.TAKEN);
    agent.stop();
    long begin = System.nanoTime();
    for (int i = 0; i < 400; i++) {
      assertThat(readPromptly(client, content)).isEqualTo(PoolClient.Prompt.UNKNOWN);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(HURRY.multipliedBy(200));
    agent.resume();
    await(() -> readPromptly(client, content) == PoolClient.Prompt.TAKEN);
  }

  @Test
  void nobodyHasToReadToFindOutThatAnAgentOnTheNetworkIsStopped() throws Exception {
    AgentProcess agent = process("a", 0, "tcp");
    PoolClient client = client("tcp", agent.address());
    agent.stop();
    await(() -> !client.isOfUse());
    assertThat(client.stats().agents().getFirst().failures()).isZero();
    agent.resume();
    await(client::isOfUse);
  }

  private static PoolClient.Prompt readPromptly(PoolClient client, byte[] content)
      throws Exception {
    Digest digest = Digest.sha256(content);
    return client.readPromptly(
        digest, content.length, bytes -> Digest.sha256(bytes).equals(digest), HURRY);
  }

  @Test
  void aStoppedAgentKeepsNothingFromTheOthers() throws Exception {
    // its memory can be read, so it stays connected
    AgentProcess stopped = process("a", 0, "shm");
    AgentProcess other = process("b", 0, "shm");
    PoolClient client = open(config(1), "shm", stopped.address(), other.address());
    for (AgentAddress address : List.of(stopped.address(), other.address())) {
      assertThat(client.awaitConnected(address, PATIENCE)).isTrue();
    }
    stopped.stop();
    int there = 0;
    // each on its own: an agent that is waited for each time would take minutes
    for (byte[] content : contents(100, 1000)) {
      client.offer(Digest.sha256(content), ByteBuffer.wrap(content));
      assertThat(client.awaitOffers(PATIENCE)).isTrue();
      there += isThere(client, content) ? 1 : 0;
    }
    assertThat(there).isGreaterThan(20);
    assertThat(client.stats().dropped()).isEqualTo(100 - there);
    stopped.resume();
  }

  @Test
  void whatCameIntoMemoryThatASessionDoesNotKnowIsAMiss() throws Exception {
    Agent agent = agent(agentConfig("a", 0, "shm"));
    PoolConfig withoutReports =
        new PoolConfig(1, Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMinutes(5));
    PoolClient reader = open(withoutReports, "shm", address("a", agent));
    await(reader::isOfUse);
    assertThat(Agents.resize(agent, 64 << 20)).isEqualTo(64 << 20);
    List<byte[]> contents = contents(100, 500_000);
    offerAll(client("shm", address("a", agent)), contents);

    long there = contents.stream().filter(content -> isThere(reader, content)).count();

    PoolStats.Agent stats = reader.stats().agents().getFirst();
    assertThat(there).isBetween(20L, 80L);
    assertThat(stats.misses()).isEqualTo(100 - there);
    assertThat(stats.wrong()).isZero();
  }

  /** By shared memory whoever has mapped it still reads it, and by RDMA the connection ends. */
  @Test
  void whatWasInASlabThatWentBackToTheHostIsAMissOverTcp() throws Exception {
    Agent agent = agent(agentConfig("a", 0, "tcp"));
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
      long begin = System.nanoTime();
      await(() -> !client.isOfUse());
      long failures = readers.failures();
      await(() -> readers.failures() > failures + 10_000);
      // nor is anybody kept who brings contents
      for (byte[] content : contents(40, 1 << 20)) {
        client.offer(Digest.sha256(content), ByteBuffer.wrap(content));
      }
      assertThat(client.awaitOffers(PATIENCE)).isTrue();
      // longer than sessions, staging memory and pauses between attempts last
      await(() -> System.nanoTime() - begin > STALL.toNanos());
      long failuresThen = readers.failures();
      await(() -> readers.failures() > failuresThen + 10_000);
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

  /** An agent whose ports are those of the networks. */
  private AgentConfig overNetwork(StallingNetwork service, StallingNetwork data)
      throws IOException {
    return Agents.withTcpPort(agentConfig("a", service.port(), "tcp"), data.port());
  }
}
