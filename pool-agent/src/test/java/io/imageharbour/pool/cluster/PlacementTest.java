package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.imageharbour.indexer.Digest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacementTest {

  private static final int CONTENTS = 100_000;
  private static final long GIB = 1L << 30;

  /** The orders come from a program of a few lines of Python, written from the class's Javadoc. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''               | same    | 3 4 1 2 5",
        "harbour          | same    | 5 1 3 2 4",
        "/usr/bin/python3 | same    | 1 5 3 4 2",
        "''               | doubled | 4 3 5 2 1",
        "harbour          | doubled | 5 3 1 4 2",
        "/usr/bin/python3 | doubled | 5 1 4 3 2",
      })
  void theOrderOfAgentsNeverChanges(String content, String memory, String order) {
    List<AgentAddress> agents = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      agents.add(agent("node-" + i, memory.equals("same") ? 8 * GIB : GIB << i));
    }

    assertThat(new Placement(agents).agentsOf(Digest.sha256(content.getBytes(UTF_8)), 5))
        .extracting(agent -> agent.id().substring("node-".length()))
        .containsExactly(order.split(" "));
  }

  @Test
  void sharesAreEqualWhereMemoryIs() {
    Placement placement = new Placement(agents(10));

    // a share's standard deviation is 0.95 % of it
    assertThat(shares(placement, 1).values())
        .hasSize(10)
        .allSatisfy(share -> assertThat(share).isCloseTo(0.1, within(0.004)));
  }

  @Test
  void sharesAreInProportionToMemory() {
    List<AgentAddress> agents =
        List.of(agent("small", GIB), agent("middle", 3 * GIB), agent("large", 12 * GIB));

    Map<String, Double> shares = shares(new Placement(agents), 1);

    assertThat(shares.get("small")).isCloseTo(1 / 16.0, within(0.004));
    assertThat(shares.get("middle")).isCloseTo(3 / 16.0, within(0.004));
    assertThat(shares.get("large")).isCloseTo(12 / 16.0, within(0.004));
  }

  @Test
  void replicasAreBalancedToo() {
    assertThat(shares(new Placement(agents(10)), 3).values())
        .hasSize(10)
        .allSatisfy(share -> assertThat(share).isCloseTo(0.3, within(0.006)));
  }

  @Property(tries = 200)
  void anAgentThatLeavesMovesOnlyItsOwnShare(
      @ForAll @IntRange(min = 2, max = 40) int count,
      @ForAll @IntRange(min = 1, max = 5) int replicas,
      @ForAll Random random) {
    List<AgentAddress> all = agents(count, random);
    AgentAddress leaving = all.get(random.nextInt(count));
    List<AgentAddress> others = all.stream().filter(agent -> !agent.equals(leaving)).toList();
    Placement before = new Placement(all);
    Placement after = new Placement(others);

    for (int i = 0; i < 100; i++) {
      Digest digest = digest(random);
      List<AgentAddress> stayed = new ArrayList<>(before.agentsOf(digest, replicas + 1));
      stayed.remove(leaving);
      assertThat(after.agentsOf(digest, replicas))
          .isEqualTo(stayed.subList(0, Math.min(replicas, stayed.size())));
    }
  }

  @Property(tries = 200)
  void anAgentThatLendsMoreOnlyGains(
      @ForAll @IntRange(min = 2, max = 40) int count, @ForAll Random random) {
    List<AgentAddress> before = agents(count, random);
    List<AgentAddress> after = new ArrayList<>(before);
    AgentAddress grown = agent(before.getFirst().id(), 2 * before.getFirst().memoryBytes());
    after.set(0, grown);

    for (int i = 0; i < 100; i++) {
      Digest digest = digest(random);
      AgentAddress owner = new Placement(after).agentsOf(digest, 1).getFirst();
      assertThat(owner).isIn(grown, new Placement(before).agentsOf(digest, 1).getFirst());
    }
  }

  @Property(tries = 200)
  void everyoneFindsTheSameWhateverTheOrderOfTheList(
      @ForAll @Size(max = 40) List<@IntRange(max = 1_000_000) Integer> numbers,
      @ForAll @IntRange(min = 1, max = 8) int replicas,
      @ForAll Random random) {
    List<AgentAddress> agents = new ArrayList<>();
    numbers.stream().distinct().forEach(n -> agents.add(agent("n" + n, 1 + n % 7)));
    List<AgentAddress> shuffled = new ArrayList<>(agents);
    Collections.shuffle(shuffled, random);
    Digest digest = digest(random);

    List<AgentAddress> owners = new Placement(agents).agentsOf(digest, replicas);

    Placement other = new Placement(shuffled);
    assertThat(other.agentsOf(digest, replicas)).isEqualTo(owners);
    assertThat(other.agents()).isSortedAccordingTo(Comparator.comparing(AgentAddress::id));
    assertThat(other.locate(digest, replicas))
        .isEqualTo(new Placement(agents).locate(digest, replicas));
    assertThat(owners).hasSize(Math.min(replicas, agents.size())).doesNotHaveDuplicates();
  }

  @Property(tries = 500)
  void fewerReplicasAreTheFirstOfMore(
      @ForAll @IntRange(min = 1, max = 40) int count,
      @ForAll @IntRange(min = 1, max = 8) int replicas,
      @ForAll Random random) {
    Placement placement = new Placement(agents(count, random));
    Digest digest = digest(random);

    // all agents, ranked without the shortcut past the logarithm
    List<AgentAddress> ranking = placement.agentsOf(digest, count);

    assertThat(placement.agentsOf(digest, replicas))
        .isEqualTo(ranking.subList(0, Math.min(replicas, count)));
  }

  @Test
  void withoutAgentsThereIsNoPlace() {
    assertThat(new Placement(List.of()).agentsOf(Digest.EMPTY, 2)).isEmpty();
  }

  @Test
  void noReplicaAtAllIsAMistake() {
    assertThatThrownBy(() -> new Placement(agents(2)).locate(Digest.EMPTY, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not 0");
  }

  private static Map<String, Double> shares(Placement placement, int replicas) {
    Map<String, Double> shares = new HashMap<>();
    Random random = new Random(4);
    for (int i = 0; i < CONTENTS; i++) {
      for (AgentAddress owner : placement.agentsOf(digest(random), replicas)) {
        shares.merge(owner.id(), 1.0 / CONTENTS, Double::sum);
      }
    }
    return shares;
  }

  private static List<AgentAddress> agents(int count) {
    List<AgentAddress> agents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      agents.add(agent("node-" + i, 8 * GIB));
    }
    return agents;
  }

  private static List<AgentAddress> agents(int count, Random random) {
    List<AgentAddress> agents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      agents.add(agent("node-" + i, GIB << random.nextInt(6)));
    }
    return agents;
  }

  private static AgentAddress agent(String id, long memoryBytes) {
    return new AgentAddress(id, "host", 7070, memoryBytes);
  }

  private static Digest digest(Random random) {
    return new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }
}
