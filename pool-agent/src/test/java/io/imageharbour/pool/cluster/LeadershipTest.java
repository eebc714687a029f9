package io.imageharbour.pool.cluster;

import static io.imageharbour.pool.cluster.AgentRegistrationTest.connection;
import static io.imageharbour.pool.cluster.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeadershipTest {

  private static final String KEY = "/harbour/pool/leader";
  private static final Duration TTL = Duration.ofSeconds(3);

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

  /** One candidate with a connection of its own, and what it was told. */
  private final class Rival implements AutoCloseable, Leadership.Listener {
    final String id;
    final Link link;
    final EtcdConnection etcd;
    final Leadership leadership;
    final List<String> told = Collections.synchronizedList(new ArrayList<>());

    Rival(String id) throws Exception {
      this.id = id;
      link = new Link(server.port());
      etcd = connection(link.endpoint());
      leadership = new Leadership(etcd, id, TTL, this);
    }

    boolean leads() {
      return leadership.leading();
    }

    @Override
    public void elected() {
      told.add("elected");
    }

    @Override
    public void deposed() {
      told.add("deposed");
    }

    @Override
    public void close() throws Exception {
      leadership.close();
      etcd.close();
      link.close();
    }
  }

  @Test
  void theOnlyCandidateIsElectedAndStepsDownWhenClosed() throws Exception {
    try (Rival only = new Rival("only")) {
      eventually(() -> assertThat(only.leads()).isTrue());
      assertThat(server.get(KEY)).contains("only");
      assertThat(only.leadership.leader()).contains("only");
      eventually(() -> assertThat(only.told).endsWith("elected"));

      only.leadership.close();

      assertThat(only.leads()).isFalse();
      assertThat(only.told).endsWith("elected", "deposed");
      assertThat(server.get(KEY)).isEmpty();
    }
  }

  @Test
  void thereIsNeverMoreThanOneLeaderWhateverHappensToIt() throws Exception {
    try (Rival a = new Rival("a");
        Rival b = new Rival("b");
        Rival c = new Rival("c")) {
      List<Rival> rivals = List.of(a, b, c);
      AtomicBoolean over = new AtomicBoolean();
      List<String> tooMany = Collections.synchronizedList(new ArrayList<>());
      Thread observer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!over.get()) {
                      // asked for the second time, so that none may have led only before the other
                      List<String> leading =
                          rivals.stream().filter(Rival::leads).map(rival -> rival.id).toList();
                      List<String> still =
                          rivals.reversed().stream()
                              .filter(Rival::leads)
                              .map(rival -> rival.id)
                              .toList();
                      if (leading.size() > 1 && still.size() > 1) {
                        tooMany.add(leading + " and " + still);
                      }
                      Thread.onSpinWait();
                      Thread.yield();
                    }
                  });
      try {
        Rival first = leader(rivals);
        first.link.cut();
        eventually(() -> assertThat(first.leads()).isFalse());
        Rival second = leader(rivals);
        assertThat(second).isNotSameAs(first);
        first.link.restore();

        server.freeze();
        eventually(() -> assertThat(rivals).noneMatch(Rival::leads));
        server.thaw();
        leader(rivals);

        server.kill();
        eventually(() -> assertThat(rivals).noneMatch(Rival::leads));
        server.wipe();
        server.start();
        Rival last = leader(rivals);
        eventually(
            () ->
                assertThat(rivals)
                    .allSatisfy(rival -> assertThat(rival.leadership.leader()).contains(last.id)));
      } finally {
        over.set(true);
        observer.join();
      }
      assertThat(tooMany).isEmpty();
    }
  }

  @Test
  void aLeaderWhoseLeaseWasRevokedFindsOut() throws Exception {
    try (Rival a = new Rival("a");
        Rival b = new Rival("b")) {
      Rival first = leader(List.of(a, b));

      server.revoke(server.leaseOf(KEY));

      eventually(() -> assertThat(first.told).contains("deposed"));
      Rival second = leader(List.of(a, b));
      assertThat(server.get(KEY)).contains(second.id);
    }
  }

  @Test
  void whenTheLeadersProcessIsKilledAnotherTakesOver() throws Exception {
    Process victim =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                Candidate.class.getName(),
                server.endpoint().toString(),
                "victim")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader said = victim.inputReader()) {
      String line = said.readLine();
      while (line != null && !line.equals("elected")) {
        line = said.readLine();
      }
      assertThat(line).isEqualTo("elected");
      try (Rival heir = new Rival("heir")) {
        eventually(() -> assertThat(heir.leadership.leader()).contains("victim"));
        assertThat(heir.leads()).isFalse();

        victim.destroyForcibly().waitFor();

        eventually(() -> assertThat(heir.leads()).isTrue());
        assertThat(server.get(KEY)).contains("heir");
      }
    } finally {
      victim.destroyForcibly().waitFor();
    }
  }

  @Test
  void aLeaderThatSaysGoodByeIsFollowedBeforeItsLeaseWouldHaveEnded() throws Exception {
    try (Rival a = new Rival("a");
        Rival b = new Rival("b")) {
      Rival first = leader(List.of(a, b));
      Rival second = first == a ? b : a;

      first.leadership.close();

      assertThat(server.get(KEY)).isNotEqualTo(Optional.of(first.id));
      eventually(() -> assertThat(second.leads()).isTrue());
      assertThat(first.told).endsWith("elected", "deposed");
    }
  }

  @Test
  void aKeyThatIsNoCandidatesKeepsEverybodyFromLeadingAndIsNoName() throws Exception {
    server.put(KEY, "no\nid");
    try (Rival a = new Rival("a");
        LogLines log = new LogLines()) {
      server.put("/harbour/pool/agents/x", "x");
      assertThat(a.leadership.leader()).isEmpty();
      assertThat(a.leads()).isFalse();

      server.delete(KEY);

      eventually(() -> assertThat(a.leads()).isTrue());
      assertThat(log.with("elected")).isNotEmpty();
    }
  }

  private static Rival leader(List<Rival> rivals) throws Exception {
    List<Rival> leaders = new ArrayList<>();
    eventually(
        () -> {
          leaders.clear();
          rivals.stream().filter(Rival::leads).forEach(leaders::add);
          assertThat(leaders).hasSize(1);
        });
    return leaders.getFirst();
  }
}
