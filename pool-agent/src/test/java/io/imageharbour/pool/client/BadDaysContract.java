package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.AgentProcess;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.cluster.AgentAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What has to go well by every transport when agents are killed, full, shrink or are wrong: whoever
 * reads gets right bytes or hears that there are none.
 */
abstract class BadDaysContract extends BadDays {

  private static final int LARGE = 300_000;
  private static final int SLAB = 16 << 20;

  private final String transport;
  private final Load load;

  /**
   * How much the tests do; less where everything is slow.
   *
   * @param readers threads that read at the same time
   * @param slabs of agents that are to become full; of 16 MiB
   * @param rounds how often contents are brought
   * @param reads hits, or misses, that are waited for
   */
  record Load(int readers, int slabs, int rounds, int reads) {

    static final Load FULL = new Load(8, 2, 4, 100);

    /** A few more contents than there is room for. */
    int tooMany() {
      return slabs * SLAB / LARGE * 11 / 10;
    }
  }

  BadDaysContract(String transport, Load load, Duration patience) {
    super(patience);
    this.transport = transport;
    this.load = load;
  }

  @Test
  void anAgentThatWasKilledLeavesNothingAndItsSuccessorIsFound() throws Exception {
    AgentProcess first = process("a", 0, transport);
    PoolClient client = client(first.address());
    List<byte[]> contents = contents(20, 100_000);
    offer(client, contents);
    try (Readers readers = new Readers(client, contents, load.readers())) {
      await(() -> readers.hits() > load.reads());
      first.kill();
      await(() -> !client.isOfUse());
      await(() -> Traces.mappings().isEmpty());
      process("a", first.port(), transport);
      await(
          () -> {
            offer(client, contents);
            return contents.stream().allMatch(content -> isThere(client, content));
          });
      long hits = readers.hits();
      await(() -> readers.hits() > hits + load.reads());
    }
  }

  @Test
  void aFullAgentTakesWhatIsNewAndGivesUpWhatIsOldest() throws Exception {
    Agent agent = agent("a");
    Agents.resize(agent, (long) load.slabs() * SLAB);
    PoolClient client = client(address("a", agent));
    List<byte[]> contents = contents(load.tooMany(), LARGE);

    offerAll(client, contents);

    assertThat(client.stats().stored()).isEqualTo(contents.size());
    int newest = contents.size() * 3 / 4;
    assertThat(contents.subList(contents.size() - newest, contents.size()))
        .allMatch(content -> isThere(client, content));
    long gone = contents.size() - Agents.contents(agent);
    assertThat(gone).isPositive();
    assertThat(contents.stream().filter(content -> !isThere(client, content)).count())
        .isEqualTo(gone);
    assertThat(isThere(client, contents.getFirst())).isFalse();
  }

  @Test
  void whatIsGivenUpWhileItIsReadIsRightOrMissing() throws Exception {
    Agent agent = agent("a");
    Agents.resize(agent, (long) load.slabs() * SLAB);
    PoolClient client = client(address("a", agent));
    PoolClient writer = client(address("a", agent));
    List<byte[]> contents = contents(2 * load.tooMany(), LARGE);
    contents.addAll(contents(2 * contents.size(), LARGE / 100));
    try (Readers readers = new Readers(client, contents, load.readers())) {
      for (int round = 0; round < load.rounds(); round++) {
        offerAll(writer, contents);
      }
      await(() -> readers.hits() > load.reads() && readers.misses() > load.reads());
      assertThat(readers.failures()).isZero();
    }
    assertThat(writer.stats().dropped()).isZero();
  }

  @Test
  void memoryIsGivenBackWhileItIsFullAndRead() throws Exception {
    Agent agent = agent("a");
    PoolClient client = client(address("a", agent));
    List<byte[]> contents = contents(load.tooMany(), LARGE);
    try (Readers readers = new Readers(client, contents, Math.min(3, load.readers()))) {
      for (int round = 0; round < load.rounds(); round++) {
        offerAll(client, contents);
        long hits = readers.hits();
        await(() -> readers.hits() > hits + load.reads());
        assertThat(Agents.resize(agent, round % 2 == 0 ? SLAB : 3L * SLAB)).isPositive();
      }
      // the slabs that went are not kept by who has read them
      await(() -> Traces.mappings().getOrDefault("harbour-slab", 0) <= 2 * 3);
    }
  }

  @Test
  void stagingThatIsNotUsedGoesBackAndTheNextBatchWorks() throws Exception {
    Agent agent = opened(Agents.startImpatient(agentConfig("a", 0, transport)));
    PoolClient client = client(address("a", agent));
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

  @Test
  void bitsThatFlippedInTheAgentsMemoryAreAMissAndGo() throws Exception {
    Agent agent = agent("a");
    PoolClient client = client(address("a", agent));
    List<byte[]> contents = contents(1, 10_000);
    offer(client, contents);
    Agents.flipABit(agent, Digest.sha256(contents.getFirst()));
    assertThat(isThere(client, contents.getFirst())).isFalse();
    await(() -> Agents.contents(agent) == 0);
    offer(client, contents);
    assertThat(isThere(client, contents.getFirst())).isTrue();
  }

  @Test
  void flippedBitsInTheTableAreAMissUntilTheContentIsBroughtAgain() throws Exception {
    Agent agent = agent("a");
    PoolClient client = client(address("a", agent));
    List<byte[]> contents = contents(8, 1000);
    for (int bit :
        new int[] {32 * 8, 36 * 8 + 1, 36 * 8 + 31, 40 * 8 + 3, 47 * 8, 56 * 8, 63 * 8}) {
      offer(client, contents);
      Digest digest = Digest.sha256(contents.getFirst());
      Agents.flipABitOfTheEntry(agent, digest, bit);
      PoolClient other = client(address("a", agent));
      assertThat(isThere(other, contents.getFirst())).isFalse();
      await(
          () -> {
            offer(other, contents);
            return isThere(other, contents.getFirst());
          });
    }
    assertThat(Agents.contents(agent)).isEqualTo(8);
  }

  @Test
  void whereTwoAgentsDisagreeTheOneThatIsRightIsBelieved() throws Exception {
    Agent a = agent("a");
    Agent b = agent("b");
    PoolClient client = open(config(2), transport, address("a", a), address("b", b));
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

  private Agent agent(String id) throws IOException {
    return agent(agentConfig(id, 0, transport));
  }

  private PoolClient client(AgentAddress agent) throws Exception {
    return client(transport, agent);
  }
}
