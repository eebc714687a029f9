package io.imageharbour.pool.cluster;

import static io.imageharbour.pool.cluster.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionRecordTest {

  private static final Digest ONE = Digest.sha256(new byte[] {1});
  private static final Digest TWO = Digest.sha256(new byte[] {2});

  private static EtcdServer server;
  private static int tests;

  private String prefix;
  private EtcdConnection etcd;
  private AdmissionRecord record;

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
  void connect() throws Exception {
    prefix = "/admission-" + ++tests;
    etcd =
        new EtcdConnection(
            new EtcdConfig(
                List.of(server.endpoint()),
                prefix,
                Duration.ofSeconds(20),
                Optional.empty(),
                Optional.empty()));
    record = new AdmissionRecord(etcd);
  }

  @AfterEach
  void disconnect() {
    etcd.close();
  }

  @Test
  void onlyTheTermThatLastsStillCanWrite() throws Exception {
    long first;
    try (Leadership a = candidate("a")) {
      first = term(a);
      assertThat(record.put(new Admission(first, "a", 5, Set.of(ONE)))).isTrue();
    }
    assertThat(record.put(new Admission(first, "a", 6, Set.of()))).isFalse();
    try (Leadership b = candidate("b")) {
      long second = term(b);
      assertThat(second).isGreaterThan(first);
      assertThat(record.put(new Admission(first, "a", 7, Set.of(TWO)))).isFalse();
      assertThat(record.get()).contains(new Admission(first, "a", 5, Set.of(ONE)));
      assertThat(record.put(new Admission(second, "b", 8, Set.of(ONE, TWO)))).isTrue();
    }
    assertThat(record.get().map(Admission::images)).contains(Set.of(ONE, TWO));
  }

  @Test
  void whatHasNotChangedIsNotWrittenAgain() throws Exception {
    try (Leadership a = candidate("a")) {
      long term = term(a);
      assertThat(record.put(new Admission(term, "a", 5, Set.of(ONE)))).isTrue();
      assertThat(record.put(new Admission(term, "a", 9, Set.of(ONE)))).isTrue();
      assertThat(server.get(prefix + "/admission"))
          .contains(
              "{\"term\":%d,\"leader\":\"a\",\"epochSecond\":5,\"images\":[\"%s\"]}"
                  .formatted(term, ONE.hex()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"term\":1,\"leader\":\"a\",\"epochSecond\":5,\"images\":[\"x\"]}",
        "{\"term\":0,\"leader\":\"a\",\"epochSecond\":5,\"images\":[]}",
        "{\"term\":1,\"leader\":\"A\",\"epochSecond\":5,\"images\":[]}",
        "{\"leader\":\"a\",\"epochSecond\":5,\"images\":[]}"
      })
  void garbageIsNoAdmissionAndIsReplaced(String garbage) throws Exception {
    server.put(prefix + "/admission", garbage);
    assertThat(record.get()).isEmpty();
    try (Leadership a = candidate("a")) {
      assertThat(record.put(new Admission(term(a), "a", 5, Set.of(ONE)))).isTrue();
    }
    assertThat(record.get().map(Admission::images)).contains(Set.of(ONE));
  }

  @Test
  void theMostImagesFitAndMoreAreRefused() throws Exception {
    Set<Digest> most =
        IntStream.range(0, Admission.MAX_IMAGES)
            .mapToObj(i -> Digest.sha256(("" + i).getBytes(UTF_8)))
            .collect(Collectors.toSet());
    try (Leadership a = candidate("a")) {
      assertThat(record.put(new Admission(term(a), "a", 5, most))).isTrue();
    }
    assertThat(record.get().map(Admission::images)).contains(most);
    most.add(Digest.EMPTY);
    assertThatThrownBy(() -> new Admission(1, "a", 1, most)).hasMessageContaining("1001 images");
  }

  private Leadership candidate(String id) {
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

  private static long term(Leadership candidate) throws Exception {
    eventually(() -> assertThat(candidate.term()).isPresent());
    return candidate.term().orElseThrow();
  }
}
