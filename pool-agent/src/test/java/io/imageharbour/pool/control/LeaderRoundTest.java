package io.imageharbour.pool.control;

import static io.imageharbour.pool.cluster.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.Admission;
import io.imageharbour.pool.cluster.AdmissionRecord;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.cluster.EtcdConnection;
import io.imageharbour.pool.cluster.EtcdServer;
import io.imageharbour.pool.cluster.ImageCatalog;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.cluster.Leadership;
import io.imageharbour.pool.cluster.StaticMembership;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeaderRoundTest {

  private static final Instant NOW = Instant.ofEpochSecond(1_790_000_000);
  private static final Digest OLD = Digest.sha256(new byte[] {1});
  private static final Digest NEW = Digest.sha256(new byte[] {2});

  private EtcdServer server;
  private EtcdConnection etcd;

  @BeforeEach
  void start() throws Exception {
    server = EtcdServer.started();
    etcd = new EtcdConnection(EtcdConfig.of(server.endpoint()));
  }

  @AfterEach
  void stop() throws Exception {
    etcd.close();
    server.close();
  }

  @Test
  void aRoundAdmitsWhatFitsAndForgetsWhatNobodyUses() throws Exception {
    catalog(NOW.minus(Duration.ofDays(30))).used(use(OLD));
    catalog(NOW).used(use(NEW));
    try (Leadership leader = leader("a")) {
      Standing standing = round("a", 1).make(term(leader)).orElseThrow();
      assertThat(standing.known()).isEqualTo(2);
      assertThat(standing.images()).extracting(ranked -> ranked.image().id()).startsWith(NEW);
      assertThat(catalog(NOW).get(OLD)).isEmpty();
      assertThat(catalog(NOW).get(NEW)).isPresent();
      assertThat(admitted()).contains(Set.of(NEW));
      // of two copies of everything only half as much fits
      assertThat(round("a", 2).make(term(leader)).map(Standing::admitted)).contains(0);
      assertThat(admitted()).contains(Set.of());
    }
  }

  @Test
  void aLeaderWhoseTermIsOverDecidesNothing() throws Exception {
    catalog(NOW).used(use(NEW));
    long before;
    try (Leadership first = leader("a")) {
      before = term(first);
    }
    try (Leadership second = leader("b")) {
      assertThat(term(second)).isGreaterThan(before);
      assertThat(round("a", 1).make(before)).isEmpty();
      assertThat(admitted()).isEmpty();
      assertThat(round("b", 1).make(term(second))).isPresent();
      assertThat(admitted()).contains(Set.of(NEW));
    }
  }

  @Test
  void anAgentThatIsNotListedKnowsTooLittle() {
    assertThat(round("a", 1).knowsAgents()).isTrue();
    assertThat(round("not-listed", 1).knowsAgents()).isFalse();
  }

  private Optional<Set<Digest>> admitted() throws Exception {
    return new AdmissionRecord(etcd).get().map(Admission::images);
  }

  private LeaderRound round(String leader, int replicas) {
    return new LeaderRound(
        leader,
        catalog(NOW),
        new AdmissionRecord(etcd),
        new StaticMembership(List.of(AgentAddress.at("a", "127.0.0.1:1", 150))),
        replicas,
        () -> NOW);
  }

  private ImageCatalog catalog(Instant now) {
    InstantSource clock = () -> now;
    return new ImageCatalog(etcd, Duration.ofDays(1), clock);
  }

  private Leadership leader(String id) {
    return new Leadership(
        etcd,
        id,
        Duration.ofSeconds(5),
        new Leadership.Listener() {
          @Override
          public void elected() {}

          @Override
          public void deposed() {}
        });
  }

  private static long term(Leadership leader) throws Exception {
    eventually(() -> assertThat(leader.term()).isPresent());
    return leader.term().orElseThrow();
  }

  private static ImageUse use(Digest image) {
    return new ImageUse(image, "r.test/a:1", 100, 5, 1, 0);
  }
}
