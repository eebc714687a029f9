package io.imageharbour.pool.control;

import static io.imageharbour.pool.cluster.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.client.PoolConfig;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.client.PoolImages;
import io.imageharbour.pool.client.TransportNames;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.cluster.EtcdServer;
import io.imageharbour.pool.cluster.Eventually;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.security.PoolSecurity;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents with a real etcd: what they know of images, who leads, and what they take. */
class ControlPlaneTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int MIB = 1 << 20;
  private static final Digest HOT = Digest.sha256("hot".getBytes(UTF_8));
  private static final Digest COLD = Digest.sha256("cold".getBytes(UTF_8));

  private static EtcdServer server;
  private static int tests;

  @TempDir private Path directory;
  private final Random random = new Random(5);
  private final Map<String, Agent> agents = new HashMap<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private String prefix;
  private PoolSecurity security;

  @BeforeAll
  static void startServer() throws Exception {
    server = EtcdServer.started();
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
    Eventually.noThreadIsLeft();
  }

  @BeforeEach
  void prepare() throws Exception {
    prefix = "/control-" + ++tests;
    security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : opened.reversed()) {
      one.close();
    }
    agents.values().forEach(Agent::close);
  }

  @Test
  void theLeaderKnowsWhatNodesToldAnyAgentAndTheNextLeaderDoesToo() throws Exception {
    start("a");
    start("b");
    start("c");
    PoolClient client = client();
    client.tell(List.of(use(HOT, "r.test/hot:1", 20 * MIB, 3, 0)));
    client.tell(List.of(use(COLD, "r.test/cold:1", 90 * MIB, 1, 45 * MIB)));
    client.tell(List.of(use(HOT, "r.test/hot:2", 20 * MIB, 1, 0)));

    eventually(() -> assertThat(found().images()).hasSize(2));
    String first = leader();
    assertThat(found().known()).isEqualTo(2);
    // 96 MiB are lent
    eventually(() -> assertThat(found().admitted()).isEqualTo(1));
    PoolImages.Image hot = found().images().getFirst();
    assertThat(hot.id()).isEqualTo(HOT);
    assertThat(hot.name()).isEqualTo("r.test/hot:2");
    assertThat(hot.frequency()).isBetween(3.9, 4.0);
    assertThat(hot.admitted()).isTrue();
    PoolImages.Image cold = found().images().getLast();
    assertThat(cold.missed()).isBetween(0.49, 0.5);
    assertThat(cold.admitted()).isFalse();

    Optional.ofNullable(agents.remove(first)).ifPresent(Agent::close);
    eventually(
        () -> {
          assertThat(leader()).isNotEqualTo(first);
          assertThat(found().images()).hasSize(2);
        });
    assertThat(server.get(prefix + "/admission").orElseThrow()).contains(HOT.hex());
  }

  @Test
  void aFullAgentTakesWhatIsAdmittedAndAnImageThatMissesOftenGetsIn() throws Exception {
    start("a");
    PoolClient client = client();
    client.tell(
        List.of(
            use(HOT, "r.test/hot:1", 20 * MIB, 5, 0), use(COLD, "r.test/cold:1", 20 * MIB, 1, 0)));
    eventually(() -> assertThat(admitted()).containsExactly(HOT));
    assertThat(isTaken(client, Optional.of(COLD))).as("there is room").isTrue();

    fill(client);

    assertThat(isTaken(client, Optional.of(COLD))).isFalse();
    assertThat(isTaken(client, Optional.of(HOT))).isTrue();
    assertThat(isTaken(client, Optional.empty())).isTrue();

    client.tell(List.of(use(COLD, "r.test/cold:1", 20 * MIB, 0, 120L * MIB)));
    eventually(() -> assertThat(admitted()).containsExactly(COLD));
    eventually(() -> assertThat(isTaken(client, Optional.of(COLD))).isTrue());
    assertThat(isTaken(client, Optional.of(HOT))).isFalse();
  }

  @Test
  void whenAnAgentLendsMoreMoreImagesAreAdmitted() throws Exception {
    start("a");
    PoolClient client = client();
    client.tell(
        List.of(
            use(HOT, "r.test/hot:1", 20 * MIB, 5, 0), use(COLD, "r.test/cold:1", 20 * MIB, 1, 0)));
    eventually(() -> assertThat(admitted()).containsExactly(HOT));

    assertThat(ask().getFirst().resize(64L * MIB)).isEqualTo(64L * MIB);

    eventually(() -> assertThat(admitted()).containsExactly(HOT, COLD));
    eventually(
        () -> assertThat(server.get(prefix + "/agents/a").orElseThrow()).contains(":67108864}"));
  }

  @Test
  void whileEtcdIsAwayNothingChangesAndAfterwardsNothingIsLost() throws Exception {
    start("a");
    PoolClient client = client();
    client.tell(List.of(use(HOT, "r.test/hot:1", 20 * MIB, 1, 0)));
    eventually(() -> assertThat(admitted()).containsExactly(HOT));

    server.kill();
    try {
      client.tell(List.of(use(COLD, "r.test/cold:1", 4 * MIB, 2, 0)));
      fill(client);
      assertThat(isTaken(client, Optional.of(HOT))).isTrue();
      assertThat(isTaken(client, Optional.of(COLD))).isFalse();
    } finally {
      server.start();
    }
    eventually(() -> assertThat(admitted()).containsExactlyInAnyOrder(HOT, COLD));
    eventually(() -> assertThat(isTaken(client, Optional.of(COLD))).isTrue());
  }

  @Test
  void anAgentWithoutEtcdHearsOfUsesAndKnowsNothing() throws Exception {
    Agent agent = Agent.start(Agents.config("alone", directory, 0, security));
    agents.put("alone", agent);
    PoolClient client = client();
    client.tell(List.of(use(HOT, "r.test/hot:1", 20 * MIB, 1, 0)));
    assertThat(ask().getFirst().images())
        .isEqualTo(new PoolImages(false, Optional.empty(), Optional.empty()));
    assertThat(isTaken(client, Optional.of(COLD))).isTrue();
  }

  @Test
  void anImageThatCannotBeLoadedIsTriedAndLeavesThePoolAlone() throws Exception {
    start("a", Set.of("127.0.0.1:1"));
    PoolClient client = client();
    client.tell(List.of(use(HOT, "127.0.0.1:1/hot:1", 20 * MIB, 5, 0)));
    eventually(() -> assertThat(admitted()).containsExactly(HOT));
    eventually(
        () ->
            assertThat(
                    Agents.control(Optional.ofNullable(agents.get("a")).orElseThrow())
                        .failedPreloads())
                .isEqualTo(1));
    assertThat(found().images().getFirst().agents()).isEmpty();
    assertThat(isTaken(client, Optional.of(COLD))).isTrue();
  }

  /** Brings as many bytes as an agent lends. */
  private void fill(PoolClient client) throws InterruptedException {
    for (int i = 0; i < 32; i++) {
      client.put(Digest.sha256(content(MIB)), ByteBuffer.wrap(last));
    }
    assertThat(client.awaitOffers(PATIENCE)).isTrue();
  }

  private byte[] last = new byte[0];

  private byte[] content(int size) {
    last = new byte[size];
    random.nextBytes(last);
    return last;
  }

  /** Whether the agents take a content that was read for an image. */
  private boolean isTaken(PoolClient client, Optional<Digest> image) throws Exception {
    byte[] content = content(1000);
    Digest digest = Digest.sha256(content);
    client.offer(digest, ByteBuffer.wrap(content), image);
    assertThat(client.awaitOffers(PATIENCE)).isTrue();
    BitSet there = new BitSet();
    for (AgentControl agent : ask()) {
      there.or(agent.has(List.of(digest)));
    }
    return there.get(0);
  }

  private void start(String id) throws Exception {
    start(id, Set.of());
  }

  private void start(String id, Set<String> preloadFrom) throws Exception {
    EtcdConfig etcd =
        new EtcdConfig(
            List.of(server.endpoint()),
            prefix,
            Duration.ofSeconds(2),
            Optional.empty(),
            Optional.empty());
    ControlConfig control =
        new ControlConfig(
            preloadFrom,
            1,
            Duration.ofSeconds(1),
            RegistrySettings.defaults().withFirstContact(Duration.ofMillis(500)));
    agents.put(
        id, Agent.start(Agents.with(Agents.config(id, directory, 0, security), etcd, control)));
  }

  private PoolClient client() throws Exception {
    List<AgentAddress> addresses = addresses();
    PoolClient client =
        new PoolClient(
            PoolConfig.of(1, Duration.ofSeconds(5)),
            security,
            new StaticMembership(addresses),
            TransportNames.open(List.of("shm"), security));
    opened.add(client);
    for (AgentAddress address : addresses) {
      assertThat(client.awaitConnected(address, PATIENCE)).isTrue();
    }
    return client;
  }

  private List<AgentAddress> addresses() {
    return agents.entrySet().stream()
        .map(agent -> AgentAddress.at(agent.getKey(), "127.0.0.1:" + agent.getValue().port(), 1))
        .toList();
  }

  private List<AgentControl> ask() throws Exception {
    PoolControl control = new PoolControl(addresses(), security);
    opened.add(control);
    return control.agents();
  }

  private String leader() throws Exception {
    for (AgentControl agent : ask()) {
      if (agent.images().found().isPresent()) {
        return agent.images().leader().orElseThrow();
      }
    }
    throw new AssertionError("nobody leads");
  }

  private PoolImages.Found found() throws Exception {
    for (AgentControl agent : ask()) {
      Optional<PoolImages.Found> found = agent.images().found();
      if (found.isPresent()) {
        return found.get();
      }
    }
    throw new AssertionError("nobody leads");
  }

  private List<Digest> admitted() throws Exception {
    return found().images().stream()
        .filter(PoolImages.Image::admitted)
        .map(PoolImages.Image::id)
        .toList();
  }

  private static ImageUse use(Digest image, String name, long size, long starts, long missed) {
    return new ImageUse(image, name, size, 10, starts, missed);
  }
}
