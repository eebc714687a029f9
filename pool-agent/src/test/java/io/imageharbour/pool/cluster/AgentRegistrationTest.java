package io.imageharbour.pool.cluster;

import static io.imageharbour.pool.cluster.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentRegistrationTest {

  private static final AgentAddress AGENT =
      new AgentAddress("node-1", "node-1.example.org", 7070, 8L << 30);
  private static final String KEY = "/harbour/pool/agents/node-1";
  private static final String VALUE =
      "{\"endpoint\":\"node-1.example.org:7070\",\"memoryBytes\":8589934592}";
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

  @Test
  void anAgentIsAJsonObjectUnderALeaseAndGoneWhenClosed() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint())) {
      long lease;
      try (AgentRegistration registration =
          new AgentRegistration(etcd, AGENT, Duration.ofSeconds(3600))) {
        eventually(() -> assertThat(registration.registered()).isTrue());
        assertThat(server.get(KEY)).contains(VALUE);
        lease = server.leaseOf(KEY);
        assertThat(server.grantedTtl(lease)).isEqualTo(3600);
      }
      // an hour early
      assertThat(server.get(KEY)).isEmpty();
      assertThat(server.grantedTtl(lease)).isZero();
    }
  }

  @Test
  void whatItLendsCanChange() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint());
        AgentRegistration registration =
            new AgentRegistration(etcd, AGENT, Duration.ofSeconds(3600))) {
      eventually(() -> assertThat(registration.registered()).isTrue());

      registration.lends(5);

      eventually(
          () -> assertThat(server.get(KEY)).hasValueSatisfying(v -> assertThat(v).contains(":5}")));
    }
  }

  @Test
  void itRegistersWhenEtcdComes() throws Exception {
    server.kill();
    try (EtcdConnection etcd = connection(server.endpoint());
        LogLines log = new LogLines();
        AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(log.with("etcd-away")).hasSize(1));
      assertThat(registration.registered()).isFalse();

      server.start();

      eventually(() -> assertThat(registration.registered()).isTrue());
      assertThat(server.get(KEY)).contains(VALUE);
      eventually(() -> assertThat(log.with("etcd-back")).hasSize(1));
      assertThat(log.with("etcd-away")).hasSize(1);
    }
  }

  @Test
  void aKeyThatSomebodyDeletedIsPutAgain() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint());
        AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(registration.registered()).isTrue());

      server.delete(KEY);

      eventually(() -> assertThat(server.get(KEY)).contains(VALUE));
      assertThat(server.leaseOf(KEY)).isNotZero();
    }
  }

  @Test
  void aLeaseThatWasRevokedIsReplaced() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint());
        AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(registration.registered()).isTrue());
      long lease = server.leaseOf(KEY);

      server.revoke(lease);

      eventually(() -> assertThat(server.get(KEY)).contains(VALUE));
      assertThat(server.leaseOf(KEY)).isNotIn(lease, 0L);
    }
  }

  @Test
  void itRegistersAgainWhereEtcdLostItsData() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint());
        AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(registration.registered()).isTrue());

      server.kill();
      server.wipe();
      server.start();

      eventually(() -> assertThat(server.get(KEY)).contains(VALUE));
      eventually(() -> assertThat(registration.registered()).isTrue());
    }
  }

  @Test
  void itIsNotRegisteredWhileEtcdHangsAndIsAgainAfterwards() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint());
        AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(registration.registered()).isTrue());

      server.freeze();
      eventually(() -> assertThat(registration.registered()).isFalse());
      server.thaw();

      eventually(() -> assertThat(registration.registered()).isTrue());
      assertThat(server.get(KEY)).contains(VALUE);
    }
  }

  @Test
  void anAgentThatIsCutOffLeavesThePoolAndComesBack() throws Exception {
    try (Link link = new Link(server.port());
        EtcdConnection etcd = connection(link.endpoint());
        AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(registration.registered()).isTrue());

      link.cut();
      eventually(() -> assertThat(server.get(KEY)).isEmpty());
      assertThat(registration.registered()).isFalse();
      link.restore();

      eventually(() -> assertThat(server.get(KEY)).contains(VALUE));
      eventually(() -> assertThat(registration.registered()).isTrue());
    }
  }

  @Test
  void etcdThatIsRestartedKeepsTheAgentInThePool() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint());
        AgentRegistration registration =
            new AgentRegistration(etcd, AGENT, Duration.ofSeconds(30))) {
      eventually(() -> assertThat(registration.registered()).isTrue());
      long lease = server.leaseOf(KEY);

      server.kill();
      server.start();

      assertThat(server.leaseOf(KEY)).isEqualTo(lease);
      eventually(() -> assertThat(registration.registered()).isTrue());
    }
  }

  @Test
  void ofTwoWithTheSameIdTheLaterIsRegisteredUntilItGoes() throws Exception {
    AgentAddress other = new AgentAddress(AGENT.id(), "impostor", 1, 1);
    try (EtcdConnection etcd = connection(server.endpoint());
        LogLines log = new LogLines();
        AgentRegistration first = new AgentRegistration(etcd, AGENT, TTL)) {
      eventually(() -> assertThat(first.registered()).isTrue());

      try (AgentRegistration second = new AgentRegistration(etcd, other, TTL)) {
        eventually(() -> assertThat(second.registered()).isTrue());
        eventually(() -> assertThat(first.registered()).isFalse());
        assertThat(server.get(KEY))
            .hasValueSatisfying(value -> assertThat(value).contains("impostor"));
        assertThat(log.with("agent-displaced")).hasSize(1);
      }

      eventually(() -> assertThat(server.get(KEY)).contains(VALUE));
      eventually(() -> assertThat(first.registered()).isTrue());
    }
  }

  @Test
  void closingDoesNotHangWhereEtcdDoes() throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint())) {
      AgentRegistration registration = new AgentRegistration(etcd, AGENT, TTL);
      eventually(() -> assertThat(registration.registered()).isTrue());
      server.freeze();

      registration.close();

      assertThat(registration.registered()).isFalse();
      server.thaw();
      eventually(() -> assertThat(server.get(KEY)).isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 3601})
  void aLeaseHasARange(long seconds) throws Exception {
    try (EtcdConnection etcd = connection(server.endpoint())) {
      assertThatThrownBy(() -> new AgentRegistration(etcd, AGENT, Duration.ofSeconds(seconds)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("from 2 to 3600");
    }
  }

  static EtcdConnection connection(URI endpoint) throws Exception {
    return new EtcdConnection(
        new EtcdConfig(
            List.of(endpoint),
            EtcdConfig.DEFAULT_PREFIX,
            Duration.ofSeconds(1),
            Optional.empty(),
            Optional.empty()));
  }
}
