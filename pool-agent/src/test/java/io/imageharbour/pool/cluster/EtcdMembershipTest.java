package io.imageharbour.pool.cluster;

import static io.imageharbour.pool.cluster.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EtcdMembershipTest {

  private static final String AGENTS = "/harbour/pool/agents/";
  private static final StaticMembership NOBODY = new StaticMembership(List.of());

  private EtcdServer server;

  @BeforeEach
  void start() throws Exception {
    server = EtcdServer.started();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    Eventually.noThreadIsLeft();
  }

  @Test
  void agentsThatComeAndGoAreToldToListenersInOrder() throws Exception {
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      List<List<AgentAddress>> heard = Collections.synchronizedList(new ArrayList<>());
      membership.listen(heard::add);
      eventually(() -> assertThat(membership.stale()).isFalse());

      put(agent(1));
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1)));
      put(agent(0));
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(0), agent(1)));
      server.delete(AGENTS + agent(1).id());
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(0)));

      assertThat(heard)
          .containsExactly(
              List.of(), List.of(agent(1)), List.of(agent(0), agent(1)), List.of(agent(0)));
    }
  }

  @Test
  void aListenerThatThrowsHearsOnAndHurtsNobody() throws Exception {
    put(agent(1));
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      List<Integer> heard = Collections.synchronizedList(new ArrayList<>());
      membership.listen(
          agents -> {
            heard.add(agents.size());
            throw new IllegalStateException("on purpose");
          });
      eventually(() -> assertThat(heard).endsWith(1));

      put(agent(2));

      eventually(() -> assertThat(heard).endsWith(2));
      assertThat(membership.agents()).containsExactly(agent(1), agent(2));
    }
  }

  @Test
  void theStaticListHoldsUntilEtcdComes() throws Exception {
    put(agent(1));
    server.kill();
    StaticMembership first = new StaticMembership(List.of(agent(7)));
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        LogLines log = new LogLines();
        EtcdMembership membership = new EtcdMembership(etcd, first)) {
      eventually(() -> assertThat(log.with("pool-list-stale")).hasSize(1));
      assertThat(log.with("pool-list-stale").getFirst())
          .contains("Connection refused")
          .doesNotContain("\n");
      assertThat(membership.agents()).containsExactly(agent(7));
      assertThat(membership.stale()).isTrue();

      server.start();

      eventually(() -> assertThat(membership.stale()).isFalse());
      assertThat(membership.agents()).containsExactly(agent(1));
      assertThat(log.with("pool-list-stale")).hasSize(1);
    }
  }

  @Test
  void theLastKnownListHoldsWhileEtcdIsAway() throws Exception {
    put(agent(1));
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1)));

      server.kill();
      eventually(() -> assertThat(membership.stale()).isTrue());
      assertThat(membership.agents()).containsExactly(agent(1));

      server.start();
      put(agent(2));
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1), agent(2)));
      assertThat(membership.stale()).isFalse();
    }
  }

  @Test
  void etcdThatLostItsDataIsFollowedAnew() throws Exception {
    for (int i = 0; i < 20; i++) {
      put(agent(i));
    }
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.agents()).hasSize(20));

      server.kill();
      server.wipe();
      server.start();

      eventually(() -> assertThat(membership.agents()).isEmpty());
      put(agent(3));
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(3)));
    }
  }

  @Test
  void etcdThatHangsMakesTheListStaleUntilItGoesOn() throws Exception {
    put(agent(1));
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1)));

      server.freeze();
      eventually(() -> assertThat(membership.stale()).isTrue());
      assertThat(membership.agents()).containsExactly(agent(1));
      server.thaw();

      put(agent(2));
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1), agent(2)));
      assertThat(membership.stale()).isFalse();
    }
  }

  @Test
  void whatWasCompactedAwayMeanwhileIsNotMissed() throws Exception {
    put(agent(1));
    put(agent(2));
    try (Link link = new Link(server.port());
        EtcdConnection etcd = new EtcdConnection(config(link.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1), agent(2)));

      link.cut();
      eventually(() -> assertThat(membership.stale()).isTrue());
      server.delete(AGENTS + agent(1).id());
      put(agent(3));
      server.compact();
      link.restore();

      eventually(() -> assertThat(membership.agents()).containsExactly(agent(2), agent(3)));
      put(agent(4));
      eventually(() -> assertThat(membership.agents()).hasSize(3));
    }
  }

  @Test
  void whatIsNoAgentIsPassedOverWithOneLineEach() throws Exception {
    List<String> garbage =
        List.of(
            "",
            "no JSON",
            "[]",
            "{}",
            "{\"endpoint\":7,\"memoryBytes\":1}",
            "{\"endpoint\":\"host\",\"memoryBytes\":1}",
            "{\"endpoint\":\"ho\\nst:1\",\"memoryBytes\":1}",
            "{\"endpoint\":\"host:1\",\"memoryBytes\":\"1\"}",
            "{\"endpoint\":\"host:1\",\"memoryBytes\":1.5}",
            "{\"endpoint\":\"host:1\",\"memoryBytes\":-1}",
            "{\"endpoint\":\"host:1\",\"memoryBytes\":99999999999999999999999}",
            "{\"endpoint\":\"host:1\",\"endpoint\":\"host:2\",\"memoryBytes\":1}",
            "{\"endpoint\":\"host:1\",\"memoryBytes\":1}{}",
            "{\"endpoint\":\"host:1\",\"memoryBytes\":1,\"x\":\"" + "x".repeat(4096) + "\"}",
            "[".repeat(4000));
    for (int i = 0; i < garbage.size(); i++) {
      server.put(AGENTS + "garbage-" + i, garbage.get(i));
    }
    String good = "{\"endpoint\":\"host:1\",\"memoryBytes\":1}";
    server.put(AGENTS, good);
    server.put(AGENTS + "Not An Id\n", good);
    server.put(AGENTS + "a".repeat(70_000), good);
    server.put(AGENTS + "later-version", "{\"endpoint\":\"host:1\",\"memoryBytes\":1,\"new\":[]}");
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        LogLines log = new LogLines();
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      AgentAddress later = new AgentAddress("later-version", "host", 1, 1);
      eventually(() -> assertThat(membership.agents()).containsExactly(later));

      // listed once more, and one that was an agent becomes garbage
      put(agent(1));
      eventually(() -> assertThat(membership.agents()).hasSize(2));
      server.kill();
      server.start();
      server.put(AGENTS + agent(1).id(), "\0\1\2\n");
      eventually(() -> assertThat(membership.agents()).containsExactly(later));

      assertThat(log.with("agent-passed-over"))
          .hasSize(garbage.size() + 3 + 1)
          .allSatisfy(line -> assertThat(line).hasSizeLessThan(400).doesNotContain("\n"));
    }
  }

  @Test
  void recordsTooLargeForOneMessageDoNotHideTheAgents() throws Exception {
    for (int i = 0; i < 20; i++) {
      server.put(AGENTS + "garbage-" + i, "x".repeat(1_000_000));
    }
    put(agent(1));
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.agents()).containsExactly(agent(1)));
    }
  }

  @Test
  void aThousandAgentsAreListedAndFollowed() throws Exception {
    List<AgentAddress> agents = IntStream.range(0, 1000).mapToObj(i -> agent(i)).toList();
    try (ExecutorService many = Executors.newFixedThreadPool(20)) {
      List<Future<?>> puts = new ArrayList<>();
      for (AgentAddress agent : agents) {
        puts.add(
            many.submit(
                () -> {
                  put(agent);
                  return null;
                }));
      }
      for (Future<?> put : puts) {
        put.get();
      }
    }
    try (EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.agents()).isEqualTo(agents));

      server.delete(AGENTS + agent(500).id());

      eventually(() -> assertThat(membership.agents()).hasSize(999).doesNotContain(agent(500)));
    }
  }

  /** grpc alone would try for the tenth time after more than two minutes. */
  @Test
  void etcdIsTriedEveryFewSecondsHoweverLongItIsAway() throws Exception {
    try (Link link = new Link(server.port());
        EtcdConnection etcd = new EtcdConnection(config(link.endpoint()));
        EtcdMembership membership = new EtcdMembership(etcd, NOBODY)) {
      eventually(() -> assertThat(membership.stale()).isFalse());
      link.cut();
      int before = link.attempts();

      eventually(() -> assertThat(link.attempts() - before).isGreaterThanOrEqualTo(10));
    }
  }

  @Test
  void closingEndsItWhereEtcdHangs() throws Exception {
    EtcdConnection etcd = new EtcdConnection(config(server.endpoint()));
    EtcdMembership membership = new EtcdMembership(etcd, NOBODY);
    eventually(() -> assertThat(membership.stale()).isFalse());
    server.freeze();

    membership.close();
    etcd.close();

    assertThat(membership.stale()).isTrue();
    Eventually.noThreadIsLeft();
    server.thaw();
  }

  private void put(AgentAddress agent) throws Exception {
    server.put(
        AGENTS + agent.id(),
        "{\"memoryBytes\":%d,\"endpoint\":\"%s\"}"
            .formatted(agent.memoryBytes(), agent.endpoint()));
  }

  private static AgentAddress agent(int number) {
    return new AgentAddress("node-%04d".formatted(number), "10.0.0.1", 7070, 1L << 30);
  }

  private static EtcdConfig config(URI endpoint) {
    return new EtcdConfig(
        List.of(endpoint),
        EtcdConfig.DEFAULT_PREFIX,
        Duration.ofSeconds(1),
        Optional.empty(),
        Optional.empty());
  }
}
