package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.EtcdProcess;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PoolAccess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Containers whose node loses its only agent, or etcd, before they start or in the middle of what
 * they read. Each reads files that were not read before, and gets their right bytes.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PoolBadDaysIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Files that a container reads at once. */
  private static final int GROUP = 40;

  private SharedTestbed testbed;
  private SharedTestbed.Converted image;
  private AgentProcess agent;
  private Node node;
  private long descriptors;

  /** Lines as sha256sum prints them, of all files of the image, by containerd's overlayfs. */
  private List<String> sums;

  private int used;

  @BeforeAll
  void readTheOriginal(SharedTestbed shared) throws Exception {
    testbed = shared;
    image = testbed.converted("debian", testbed.images().debian());
    agent = AgentProcess.start(testbed.workspace(), testbed.tree(), "ba", "256MiB");
    node = node("b", agent.pool("tcp"));
    node.ctr().pull(Snapshotter.OVERLAYFS, image.original());
    node.ctr().pull(Snapshotter.HARBOUR, image.reference());
    sums =
        node.ctr()
            .run(
                Snapshotter.OVERLAYFS,
                image.original(),
                "sh",
                "-c",
                "find /usr -xdev -type f -size -200 | sort -R --random-source=/bin/sh"
                    + " | xargs -d '\\n' sha256sum")
            .output()
            .lines()
            .toList();
    assertThat(sums).hasSizeGreaterThan(40 * GROUP);
    // what every container reads is not counted below
    assertReads(Optional.empty());
  }

  @AfterAll
  void stop() throws Exception {
    node.close();
    agent.close();
  }

  @BeforeEach
  void fillThePool() throws Exception {
    awaitMetric(node, "harbour_pool_connected", 1);
    harbourctl("load", "--plain-http", image.reference());
    descriptors = descriptors(node);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    awaitMetric(node, "harbour_pool_connected", 1);
    // the JVM opens one or two for itself
    Await.until("sockets to be closed", LIMIT, () -> descriptors(node) <= descriptors + 2);
  }

  @Test
  void anAgentIsStoppedInTheMiddleAndGoesOn() throws Exception {
    whileThisHappens(
        () -> agent.process().stop(),
        () -> {
          agent.process().resume();
          assertHits();
        });
  }

  @Test
  void anAgentIsKilledInTheMiddleAndItsSuccessorHasOtherKeys() throws Exception {
    whileThisHappens(
        () -> agent.process().kill(),
        () -> {
          agent = AgentProcess.start(testbed.workspace(), testbed.tree(), "ba", agent.setup());
          awaitMetric(node, "harbour_pool_connected", 1);
          double before = node.harbourd().metric("harbour_pool_stored_contents_total");
          assertReads(Optional.empty());
          // it came back empty and is filled again
          Await.until(
              "contents in the pool",
              LIMIT,
              () -> node.harbourd().metric("harbour_pool_stored_contents_total") > before);
        });
  }

  @Test
  void anAgentIsRestartedInTheMiddle() throws Exception {
    whileThisHappens(
        () -> {
          agent.close();
          agent = AgentProcess.start(testbed.workspace(), testbed.tree(), "ba", agent.setup());
        },
        () -> awaitMetric(node, "harbour_pool_connected", 1));
  }

  @Test
  void thePoolIsEmptiedInTheMiddle() throws Exception {
    whileThisHappens(
        () -> harbourctl("evict", "--all"),
        () -> {
          harbourctl("load", "--plain-http", image.reference());
          assertHits();
        });
  }

  @Test
  void etcdIsAwayAtTheStartThenThereThenAwayAgain() throws Exception {
    int port = Network.freePort();
    String url = EtcdProcess.url(port);
    AgentProcess.Setup setup = AgentProcess.Setup.of("256MiB").withEtcd(url);
    PoolAccess pool = agent.pool("tcp").withoutList().withEtcd(url);
    try (AgentProcess second =
            AgentProcess.start(testbed.workspace(), testbed.tree(), "bb", setup);
        Node fresh = node("e", pool.withTokenOf(second))) {
      fresh.ctr().pull(Snapshotter.HARBOUR, image.reference());
      // by the registry alone
      assertReads(fresh, Optional.empty());
      assertThat(fresh.harbourd().metric("harbour_pool_stale")).isOne();
      assertThat(fresh.harbourd().metric("harbour_pool_connected")).isZero();

      EtcdProcess etcd = EtcdProcess.start(testbed.workspace(), "be", port);
      awaitMetric(fresh, "harbour_pool_connected", 1);
      awaitMetric(fresh, "harbour_pool_stale", 0);
      testbed
          .tree()
          .harbourctl("pool", "load", "--plain-http", "--config")
          .withArguments(fresh.harbourd().configuration(), image.reference())
          .run();
      assertHits(fresh);

      etcd.process().kill();
      awaitMetric(fresh, "harbour_pool_stale", 1);
      assertHits(fresh);
      assertThat(fresh.harbourd().metric("harbour_pool_connected")).isOne();

      try (EtcdProcess again = EtcdProcess.start(testbed.workspace(), "be", port)) {
        awaitMetric(fresh, "harbour_pool_stale", 0);
        awaitMetric(fresh, "harbour_pool_connected", 1);
        assertHits(fresh);
        assertThat(again.process().isAlive()).isTrue();
      }
    } finally {
      Node.remove(testbed.workspace(), "e");
    }
  }

  @Test
  void theListServesWhileEtcdIsAwayAtTheStart() throws Exception {
    PoolAccess pool = agent.pool("tcp").withEtcd(EtcdProcess.url(Network.freePort()));
    try (Node fresh = node("f", pool)) {
      fresh.ctr().pull(Snapshotter.HARBOUR, image.reference());
      awaitMetric(fresh, "harbour_pool_connected", 1);
      assertHits(fresh);
      assertThat(fresh.harbourd().metric("harbour_pool_stale")).isOne();
    } finally {
      Node.remove(testbed.workspace(), "f");
    }
  }

  /** A step of a test. */
  @FunctionalInterface
  private interface Step {
    void run() throws Exception;
  }

  /** A container that ran before reads on through it, and one that starts afterwards reads. */
  private void whileThisHappens(Step trouble, Step recovery) throws Exception {
    String container =
        node.ctr().start(Snapshotter.HARBOUR, image.reference(), "sleep", "infinity");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertHits();
      int cached = node.harbourd().cached().size();
      List<List<String>> groups = Stream.generate(this::unread).limit(4).toList();
      Future<?> reading =
          threads.submit(
              () -> {
                for (List<String> group : groups) {
                  assertReads(node, Optional.of(container), group);
                }
                return true;
              });
      Await.until("first files", LIMIT, () -> node.harbourd().cached().size() > cached);
      assertThat(reading.isDone()).as("still reading").isFalse();
      trouble.run();
      reading.get();
      assertReads(Optional.of(container));
      assertReads(Optional.empty());
      recovery.run();
      assertReads(Optional.of(container));
    } finally {
      node.ctr().remove(container);
    }
  }

  /** Files that nobody has read are read out of the pool. */
  private void assertHits() throws Exception {
    assertHits(node);
  }

  private void assertHits(Node on) throws Exception {
    awaitMetric(on, "harbour_pool_connected", 1);
    double before = on.harbourd().metric("harbour_pool_hits_total");
    assertReads(on, Optional.empty());
    assertThat(on.harbourd().metric("harbour_pool_hits_total")).isGreaterThan(before);
  }

  private void assertReads(Optional<String> container) throws Exception {
    assertReads(node, container);
  }

  private void assertReads(Node on, Optional<String> container) throws Exception {
    assertReads(on, container, unread());
  }

  /** Reads files in a container that runs, or else in a new one. */
  private void assertReads(Node on, Optional<String> container, List<String> lines)
      throws IOException, InterruptedException {
    String[] command =
        Stream.concat(
                Stream.of("sha256sum"),
                lines.stream().map(line -> line.substring(line.indexOf('/'))))
            .toArray(String[]::new);
    String output =
        container.isPresent()
            ? on.ctr().exec(container.get(), command).text()
            : on.ctr().run(Snapshotter.HARBOUR, image.reference(), command).output();
    assertThat(output.lines().toList()).isEqualTo(lines);
  }

  private List<String> unread() {
    used += GROUP;
    assertThat(used).isLessThanOrEqualTo(sums.size());
    return sums.subList(used - GROUP, used);
  }

  private Node node(String name, PoolAccess pool) throws IOException, InterruptedException {
    return Node.start(
        testbed.workspace(),
        testbed.tree(),
        name,
        RegistryAccess.plainHttp(List.of()),
        Optional.of(pool));
  }

  private void harbourctl(String verb, String... arguments)
      throws IOException, InterruptedException {
    testbed
        .tree()
        .harbourctl("pool", verb, "--config", node.harbourd().configuration())
        .withArguments((Object[]) arguments)
        .run();
  }

  private static void awaitMetric(Node on, String name, double value)
      throws IOException, InterruptedException {
    Await.until(name + " to be " + value, LIMIT, () -> on.harbourd().metric(name) == value);
  }

  /** Sockets and memory that harbourd has open. */
  private static long descriptors(Node on) throws IOException {
    Path directory = Path.of("/proc", Long.toString(on.harbourd().process().pid()), "fd");
    long open = 0;
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        try {
          String target = Files.readSymbolicLink(file).toString();
          open += target.startsWith("socket:") || target.startsWith("/memfd:") ? 1 : 0;
        } catch (NoSuchFileException closedMeanwhile) {
          open += 0;
        }
      }
    }
    return open;
  }
}
