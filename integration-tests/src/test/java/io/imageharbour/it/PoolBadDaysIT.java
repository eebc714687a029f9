package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.AgentMemory;
import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.EtcdProcess;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.NetworkNamespace;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PoolAccess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Traces;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Containers whose node loses its only agent, the network to it, or etcd, or whose agents' memory
 * is full or wrong, before they start or in the middle of what they read. Each reads files that
 * were not read before, and gets their right bytes; and nothing of it is left.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PoolBadDaysIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Longer than sessions, staging memory and pauses between attempts last. */
  private static final Duration CUT = Duration.ofSeconds(31);

  /** Enough for the image. */
  private static final String MEMORY = "256MiB";

  private SharedTestbed testbed;
  private SharedTestbed.Converted image;
  private NetworkNamespace network;
  private AgentProcess agent;

  /** What the agent holds while it has no clients. */
  private Traces alone;

  /** Of all files of the image. */
  private List<String> sums;

  /** Of one test after the other. */
  private Node node;

  private ReadingContainers containers;

  @BeforeAll
  void readTheOriginal(SharedTestbed shared) throws Exception {
    testbed = shared;
    image = testbed.converted("debian", testbed.images().debian());
    network = NetworkNamespace.create(testbed.workspace(), "b");
    agent = agent("ba", AgentProcess.Setup.of(MEMORY).in(network));
    alone = traces();
    node = start(agent.pool("tcp"));
    sums = ReadingContainers.sums(node.ctr(), image.original());
    containers = containers(1);
    end();
  }

  @AfterAll
  void stop() throws Exception {
    agent.close();
    network.close();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    end();
    Traces.awaitNoMore(alone, this::traces, LIMIT);
  }

  @Test
  void anAgentIsStoppedInTheMiddleAndGoesOn() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    containers.whileThisHappens(
        () -> agent.process().stop(),
        running -> {
          agent.process().resume();
          containers.assertHits();
        });
  }

  @Test
  void anAgentIsKilledInTheMiddleAndItsSuccessorHasOtherKeys() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    containers.whileThisHappens(
        () -> agent.process().kill(),
        running -> {
          agent = agent("ba", agent.setup());
          containers.awaitConnected();
          double before = node.harbourd().metric("harbour_pool_stored_contents_total");
          containers.assertReads(Optional.empty());
          // it came back empty and is filled again
          Await.until(
              "contents in the pool",
              LIMIT,
              () -> node.harbourd().metric("harbour_pool_stored_contents_total") > before);
        });
  }

  @Test
  void anAgentIsRestartedInTheMiddle() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    containers.whileThisHappens(
        () -> {
          agent.close();
          agent = agent("ba", agent.setup());
        },
        running -> containers.awaitConnected());
  }

  @Test
  void thePoolIsEmptiedInTheMiddle() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    containers.whileThisHappens(
        () -> pool("evict", "--all").run(),
        running -> {
          load().run();
          containers.assertHits();
        });
  }

  @Test
  void theNetworkLosesEverythingForHalfAMinute() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    try {
      containers.whileThisHappens(
          network::cut,
          running -> {
            long begin = System.nanoTime();
            for (Duration mark = Duration.ofSeconds(5);
                mark.compareTo(CUT) < 0;
                mark = mark.plusSeconds(5)) {
              awaitPassed(begin, mark);
              containers.assertReads(Optional.of(running));
              containers.assertReads(Optional.empty());
            }
            assertThat(node.harbourd().metric("harbour_pool_connected")).isZero();
            awaitPassed(begin, CUT);
            network.mend();
            containers.assertHits();
          });
    } finally {
      network.mend();
    }
  }

  @Test
  void bitsFlipInTheAgentsMemory() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    containers.whileThisHappens(
        () -> {
          damageContents(agent, 0);
          damageEntries(agent, 1);
        },
        running -> {
          assertThat(node.harbourd().metric("harbour_pool_wrong_total")).isPositive();
          Await.until(
              "the agent to give up what is wrong",
              LIMIT,
              () -> agent.metric("harbour_agent_wrong_contents_total") > 0);
          pool("evict", "--all").run();
          load().run();
          containers.assertHits();
        });
  }

  @Test
  void twoAgentsHaveDifferentBytesForEveryContent() throws Exception {
    try (AgentProcess second = agent("bc", AgentProcess.Setup.of(MEMORY).withTokenOf(agent))) {
      begin(agent.pool("shm").withCopiesOn(second), 2);
      load().run();
      containers.whileThisHappens(
          () -> {
            damageContents(agent, 0);
            damageContents(second, 1);
          },
          running -> {
            assertThat(node.harbourd().metric("harbour_pool_wrong_total")).isPositive();
            // one of the two is right
            containers.assertHits();
          });
    } finally {
      pool("evict", "--all", "--agent", agent.endpoint()).run();
    }
  }

  @Test
  void theImageIsTenTimesAsLargeAsTheMemory() throws Exception {
    begin(agent.pool("tcp"), 1);
    load().run();
    String evicted = "harbour_agent_evicted_contents_total";
    containers.whileThisHappens(
        () -> {
          pool("shrink", "16MiB").run();
          assertThat(load().attempt().exit()).as("room for all of it").isEqualTo(1);
        },
        running -> {
          double before = agent.metric(evicted);
          containers.assertReads(Optional.of(running));
          // an agent that had no room a moment ago is not offered anything for ten seconds
          Await.until(
              "contents to be given up for those",
              LIMIT,
              () -> {
                containers.assertReads(Optional.empty());
                return agent.metric(evicted) > before;
              });
          pool("grow", MEMORY).run();
          load().run();
          containers.assertHits();
        });
  }

  @Test
  void etcdIsAwayAtTheStartThenThereThenAwayAgain() throws Exception {
    int port = Network.freePort();
    String url = EtcdProcess.url(port);
    PoolAccess pool = agent.pool("tcp").withoutList().withEtcd(url);
    try (AgentProcess second = agent("bb", AgentProcess.Setup.of(MEMORY).withEtcd(url))) {
      begin(pool.withTokenOf(second), 1);
      // by the registry alone
      containers.assertReads(Optional.empty());
      assertThat(node.harbourd().metric("harbour_pool_stale")).isOne();
      assertThat(node.harbourd().metric("harbour_pool_connected")).isZero();

      EtcdProcess etcd = EtcdProcess.start(testbed.workspace(), "be", port);
      containers.awaitConnected();
      containers.awaitMetric("harbour_pool_stale", 0);
      load().run();
      containers.assertHits();

      etcd.process().kill();
      containers.awaitMetric("harbour_pool_stale", 1);
      containers.assertHits();
      assertThat(node.harbourd().metric("harbour_pool_connected")).isOne();

      try (EtcdProcess again = EtcdProcess.start(testbed.workspace(), "be", port)) {
        containers.awaitMetric("harbour_pool_stale", 0);
        containers.assertHits();
        assertThat(again.process().isAlive()).isTrue();
      }
    }
  }

  @Test
  void theListServesWhileEtcdIsAwayAtTheStart() throws Exception {
    begin(agent.pool("tcp").withEtcd(EtcdProcess.url(Network.freePort())), 1);
    pool("load", "--plain-http", image.reference(), "--agent", agent.endpoint()).run();
    containers.assertHits();
    assertThat(node.harbourd().metric("harbour_pool_stale")).isOne();
  }

  /** Changes a bit of every second small content, from the first or the second on. */
  private void damageContents(AgentProcess where, int first) throws IOException {
    List<Digest> contents = contents();
    try (AgentMemory memory = AgentMemory.of(where)) {
      int damaged = 0;
      for (int i = first; i < contents.size(); i += 2) {
        damaged += memory.flipBit(contents.get(i)) ? 1 : 0;
      }
      assertThat(damaged).isGreaterThan(contents.size() / 3);
    }
  }

  /** Changes a bit, each time another one, of every second small content's entry in the table. */
  private void damageEntries(AgentProcess where, int first) throws IOException {
    List<Digest> contents = contents();
    try (AgentMemory memory = AgentMemory.of(where)) {
      int damaged = 0;
      for (int i = first; i < contents.size(); i += 2) {
        damaged += memory.flipBitOfEntry(contents.get(i), 256 + i % 256) ? 1 : 0;
      }
      assertThat(damaged).isGreaterThan(contents.size() / 3);
    }
  }

  /** A small file is one content, whose digest is the file's sum. */
  private List<Digest> contents() {
    return sums.stream()
        .map(line -> Digest.fromHex(line.substring(0, 2 * Digest.BYTES)))
        .distinct()
        .toList();
  }

  private AgentProcess agent(String name, AgentProcess.Setup setup)
      throws IOException, InterruptedException {
    return AgentProcess.start(testbed.workspace(), testbed.tree(), name, setup);
  }

  /** Starts a node with this pool, and has it pull the image. */
  private void begin(PoolAccess pool, int agents) throws IOException, InterruptedException {
    node = start(pool);
    node.ctr().pull(Snapshotter.HARBOUR, image.reference());
    containers = containers(agents);
  }

  private Node start(PoolAccess pool) throws IOException, InterruptedException {
    return Node.start(
        testbed.workspace(),
        testbed.tree(),
        "b",
        RegistryAccess.plainHttp(List.of()),
        Optional.of(pool));
  }

  private ReadingContainers containers(int agents) {
    return new ReadingContainers(node, testbed.registry(), image.reference(), agents, sums);
  }

  private void end() throws IOException, InterruptedException {
    node.close();
    Node.remove(testbed.workspace(), "b");
  }

  private Command load() {
    return pool("load", "--plain-http", image.reference());
  }

  /** A command of {@code harbourctl pool}, for the pool of the node. */
  private Command pool(String verb, String... arguments) {
    return testbed
        .tree()
        .harbourctl("pool", verb, "--config", node.harbourd().configuration())
        .withArguments((Object[]) arguments);
  }

  private Traces traces() throws IOException {
    return Traces.of(agent.process(), testbed.registry());
  }

  private static void awaitPassed(long begin, Duration time)
      throws IOException, InterruptedException {
    Await.until(time + " to pass", LIMIT, () -> System.nanoTime() - begin > time.toNanos());
  }
}
