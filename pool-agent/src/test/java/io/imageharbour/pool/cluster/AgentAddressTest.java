package io.imageharbour.pool.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentAddressTest {

  @ParameterizedTest
  @ValueSource(strings = {"node-1.example.org:7070", "10.0.0.7:1", "[2001:db8::7]:65535"})
  void anEndpointIsReadAndWrittenBack(String endpoint) {
    assertThat(AgentAddress.at("a", endpoint, 1).endpoint()).isEqualTo(endpoint);
  }

  @Test
  void theHostOfAnIpv6EndpointHasNoBrackets() {
    assertThat(AgentAddress.at("a", "[::1]:7070", 1))
        .isEqualTo(new AgentAddress("a", "::1", 7070, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "host",
        "host:",
        ":7070",
        "host:0",
        "host:65536",
        "host:-1",
        "host:+80",
        "host:99999999999",
        "::1:7070",
        "[host]:7070",
        "[]:7070",
        "[::1:7070",
        "ho st:7070",
        "host/path:7070",
        "user@host:7070",
        "host:7070\n"
      })
  void otherFormsOfEndpointsAreRefused(String endpoint) {
    assertThatThrownBy(() -> AgentAddress.at("a", endpoint, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "A", "a/b", "a.b", "a b", "ä", "a\n"})
  void otherFormsOfIdsAreRefused(String id) {
    assertThatThrownBy(() -> new AgentAddress(id, "host", 7070, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("id");
  }

  @Test
  void idsHaveUpTo64Characters() {
    assertThat(AgentAddress.isId("a".repeat(64))).isTrue();
    assertThat(AgentAddress.isId("a".repeat(65))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, (1L << 60) + 1})
  void memoryHasARange(long memoryBytes) {
    assertThatThrownBy(() -> new AgentAddress("a", "host", 7070, memoryBytes))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aStaticListIsSortedAndGivenToListenersOnce() {
    AgentAddress a = new AgentAddress("a", "host", 1, 1);
    AgentAddress b = new AgentAddress("b", "host", 2, 1);
    List<List<AgentAddress>> heard = new ArrayList<>();

    try (Membership membership = new StaticMembership(List.of(b, a))) {
      membership.listen(heard::add);

      assertThat(membership.agents()).containsExactly(a, b);
      assertThat(membership.stale()).isFalse();
    }
    assertThat(heard).containsExactly(List.of(a, b));
  }

  @Test
  void aStaticListNamesAnAgentOnce() {
    AgentAddress a = new AgentAddress("a", "host", 1, 1);
    AgentAddress b = new AgentAddress("a", "host", 2, 1);

    assertThatThrownBy(() -> new StaticMembership(List.of(a, b)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("id a");
  }
}
