package io.imageharbour.pool.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for every policy. */
class PolicyModelTest {

  enum What {
    STORED,
    READ,
    REMOVED,
    EVICT,
    RESIZE
  }

  record Step(What what, int key, int weight) {}

  @Property
  void victimsAreContentsThatAreThere(@ForAll PolicyKind kind, @ForAll("steps") List<Step> steps) {
    EvictionPolicy<Integer> policy = kind.create(5_000);
    Set<Integer> there = new HashSet<>();
    for (Step step : steps) {
      switch (step.what) {
        case STORED -> {
          policy.stored(step.key, step.weight);
          there.add(step.key);
        }
        case READ -> policy.read(step.key);
        case REMOVED -> {
          policy.removed(step.key);
          there.remove(step.key);
        }
        case EVICT -> assertEvictsOneOf(there, policy);
        case RESIZE -> policy.resize(10L * step.weight);
      }
    }
    while (!there.isEmpty()) {
      assertEvictsOneOf(there, policy);
    }
    assertThat(policy.evict()).isEmpty();
  }

  private static void assertEvictsOneOf(Set<Integer> there, EvictionPolicy<Integer> policy) {
    Optional<Integer> victim = policy.evict();
    assertThat(victim.isPresent()).isEqualTo(!there.isEmpty());
    victim.ifPresent(key -> assertThat(there.remove(key)).isTrue());
  }

  /** Java's own map in the order of access judges. */
  @Property
  void lruGivesUpWhatWasNotReadForLongest(@ForAll("steps") List<Step> steps) {
    EvictionPolicy<Integer> policy = PolicyKind.LRU.create(5_000);
    Map<Integer, Integer> there = new LinkedHashMap<>(16, 0.75f, true);
    for (Step step : steps) {
      switch (step.what) {
        case STORED -> {
          policy.stored(step.key, step.weight);
          there.put(step.key, step.weight);
        }
        case READ -> {
          policy.read(step.key);
          there.get(step.key);
        }
        case REMOVED -> {
          policy.removed(step.key);
          there.remove(step.key);
        }
        case EVICT -> {
          Optional<Integer> eldest = there.keySet().stream().findFirst();
          eldest.ifPresent(there::remove);
          assertThat(policy.evict()).isEqualTo(eldest);
        }
        case RESIZE -> policy.resize(step.weight);
      }
    }
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<What> what =
        Arbitraries.frequency(
            Tuple.of(10, What.STORED),
            Tuple.of(10, What.READ),
            Tuple.of(2, What.REMOVED),
            Tuple.of(7, What.EVICT),
            Tuple.of(1, What.RESIZE));
    return Combinators.combine(
            what, Arbitraries.integers().between(1, 30), Arbitraries.integers().between(1, 1_000))
        .as(Step::new)
        .list()
        .ofMaxSize(300);
  }

  @ParameterizedTest
  @EnumSource
  void remembersNoMoreThanTwiceAsManyGhostsAsThereAreContents(PolicyKind kind) {
    QueuedPolicy<Integer> policy = (QueuedPolicy<Integer>) kind.<Integer>create(1L << 40);
    int most = 0;
    for (int key = 0; key < 50_000; key++) {
      int again = key % 3 == 0 ? key : Math.max(0, key - 150);
      policy.stored(again, 1);
      // later all are read again, so that there are ghosts of each kind
      if (key > 25_000) {
        policy.read(again);
      }
      if (key >= 100) {
        policy.evict();
      }
      most = Math.max(most, policy.size());
    }

    assertThat(most).isLessThanOrEqualTo(3 * 101);
    if (policy instanceof WTinyLfu<Integer> tinyLfu) {
      assertThat(tinyLfu.sketch().length()).isEqualTo(1024 * 8);
    }
  }

  @ParameterizedTest
  @CsvSource({"ARC, 0", "ARC, 1", "S3_FIFO, 0", "S3_FIFO, 1"})
  void forgetsGhostsThatTheMemoryIsTooSmallFor(PolicyKind kind, int reads) {
    QueuedPolicy<Integer> policy = (QueuedPolicy<Integer>) kind.<Integer>create(1_000);
    for (int key = 0; key < 200; key++) {
      policy.stored(key, 10);
      for (int i = 0; i < reads; i++) {
        policy.read(key);
      }
      if (key >= 100) {
        policy.evict();
      }
    }
    policy.resize(100);

    assertThat(policy.size()).isLessThanOrEqualTo(100 + 20);
  }

  @ParameterizedTest
  @EnumSource
  void refusesWeightsAndCapacitiesThatAreNone(PolicyKind kind) {
    EvictionPolicy<Integer> policy = kind.create(0);

    assertThatThrownBy(() -> policy.stored(1, 0)).hasMessageContaining("a content of 0 bytes");
    assertThatThrownBy(() -> policy.resize(-1)).hasMessageContaining("a capacity of -1 bytes");
    assertThatThrownBy(() -> kind.create(-1)).hasMessageContaining("a capacity of -1 bytes");
    assertThat(policy.evict()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void isFoundByTheNameThatConfigurationsHave(PolicyKind kind) throws UnknownPolicyException {
    assertThat(PolicyKind.named(kind.configName())).isEqualTo(kind);
    assertThatThrownBy(() -> PolicyKind.named("LRU"))
        .isInstanceOf(UnknownPolicyException.class)
        .hasMessage("there is no eviction policy \"LRU\"; there are lru, arc, s3-fifo, w-tinylfu");
  }
}
