package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.transport.rdma.DeviceObjects;
import io.imageharbour.pool.transport.rdma.RdmaWire;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A network that stops for a while without a word; runs where RDMA devices can be made, in the
 * guest of {@code integration-tests}.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class StalledNetworkByRdmaInGuest extends BadDays {

  private static final Duration READ = Duration.ofSeconds(4);
  private static final Duration CALL = Duration.ofSeconds(10);

  /** So long the agent remembers a client of which it hears nothing. */
  private static final Duration SILENCE = Duration.ofSeconds(20);

  /** Longer than that, and than the device sends a packet again, 15 s. */
  private static final Duration STALL = Duration.ofSeconds(31);

  StalledNetworkByRdmaInGuest() {
    super(Duration.ofSeconds(120));
  }

  @BeforeAll
  static void makeTheNetwork() throws Exception {
    RdmaWire.make();
  }

  @Override
  Map<String, Long> device() throws Exception {
    return DeviceObjects.count();
  }

  @ParameterizedTest
  @EnumSource
  void readersAreNotKeptAndReadAgainWhenItIsBack(RdmaWire.Stop what) throws Exception {
    Agent agent =
        opened(
            Agents.startImpatient(
                Agents.withRdmaAt(agentConfig("a", 0, "rdma"), RdmaWire.agent()), SILENCE));
    AgentAddress address =
        new AgentAddress("a", RdmaWire.agent().getHostAddress(), agent.port(), 1);
    List<byte[]> contents = contents(10, 50_000);
    try (PoolClient writer = open(address)) {
      await(() -> areBrought(writer, contents));
    }
    await(() -> Agents.held(agent).equals("0 sessions, 0 bytes"));
    Map<String, Long> withoutClient = device();
    PoolClient client = open(address);
    await(client::isOfUse);
    try (Readers readers = new Readers(client, contents, 2)) {
      await(() -> readers.hits() > 20);
      long hits;
      try (RdmaWire.Stall unused = RdmaWire.stop(what)) {
        long begin = System.nanoTime();
        assertThat(isThere(client, contents.getFirst())).isFalse();
        assertThat(since(begin)).isLessThan(READ.multipliedBy(4));
        hits = readers.hits();
        await(() -> !client.isOfUse());
        // at once: there are many within what one would otherwise wait
        long failures = readers.failures();
        await(() -> readers.failures() > failures + 1000);
        // nor is anybody kept who brings contents
        offer(client, contents(5, 50_000));
        await(() -> since(begin).compareTo(STALL) > 0);
        // each end has let go of what it had, and could not tell the other
        await(() -> Traces.areAtMost(device(), withoutClient));
        assertThat(readers.hits()).isEqualTo(hits);
      }
      await(() -> readers.hits() > hits + 20);
    }
    List<byte[]> more = contents(5, 50_000);
    await(() -> areBrought(client, more));
  }

  private PoolClient open(AgentAddress address) throws Exception {
    return open(new PoolConfig(1, READ, CALL, Duration.ofMillis(300)), "rdma", address);
  }

  private boolean areBrought(PoolClient client, List<byte[]> contents) throws Exception {
    offer(client, contents);
    return contents.stream().allMatch(content -> isThere(client, content));
  }

  private static Duration since(long begin) {
    return Duration.ofNanos(System.nanoTime() - begin);
  }
}
