package io.imageharbour.pool.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the papers say that their policies do. */
class PolicyBehaviourTest {

  private static final int CAPACITY = 100;

  /** Keys that are in memory, of weight 1, and the policy that decides it. */
  private static final class Memory {

    final EvictionPolicy<Integer> policy;
    final Set<Integer> there = new HashSet<>();

    Memory(EvictionPolicy<Integer> policy) {
      this.policy = policy;
    }

    void read(int from, int to) {
      for (int key = from; key < to; key++) {
        read(key);
      }
    }

    /** Reads a key, and stores it if it was not there. */
    void read(int key) {
      policy.read(key);
      if (!there.contains(key)) {
        if (there.size() == CAPACITY) {
          there.remove(policy.evict().orElseThrow());
        }
        policy.stored(key, 1);
        there.add(key);
      }
    }

    long count(int from, int to) {
      return there.stream().filter(key -> key >= from && key < to).count();
    }
  }

  @ParameterizedTest
  @CsvSource({"LRU, 0, 0", "ARC, 50, 50", "S3_FIFO, 50, 50", "W_TINYLFU, 50, 50"})
  void aScanTakesNothingFromTheHotSetExceptWithLru(PolicyKind kind, int least, int most) {
    Memory memory = new Memory(kind.create(CAPACITY));
    for (int round = 0; round < 4; round++) {
      memory.read(0, 50);
    }
    memory.read(1_000, 2_000);

    assertThat(memory.count(0, 50)).isBetween((long) least, (long) most);
  }

  @Test
  void arcGivesMoreToWhatIsReadOnceWhenThatComesBack() {
    Arc<Integer> arc = new Arc<>(CAPACITY);
    Memory memory = new Memory(arc);
    for (int round = 0; round < 2; round++) {
      memory.read(0, 60);
    }
    assertThat(arc.target()).isZero();
    // forty fit beside the sixty, so the first ten of these are gone when the last came
    memory.read(100, 150);
    assertThat(memory.count(100, 150)).isEqualTo(40);

    memory.read(100, 110);

    assertThat(arc.target()).isEqualTo(10);
    assertThat(memory.count(100, 110)).isEqualTo(10);
  }

  @Test
  void arcGivesMoreToWhatIsReadAgainWhenThatComesBack() {
    Arc<Integer> arc = new Arc<>(CAPACITY);
    Memory memory = new Memory(arc);
    for (int round = 0; round < 2; round++) {
      memory.read(0, 60);
    }
    memory.read(100, 150);
    // those of them that are gone come back, until some of the sixty go for it
    memory.read(100, 150);
    memory.read(200, 210);
    long before = arc.target();
    assertThat(memory.count(0, 60)).isLessThan(60);

    int gone = 0;
    while (memory.there.contains(gone)) {
      gone++;
    }
    memory.read(gone);

    assertThat(arc.target()).isLessThan(before);
  }

  @Test
  void arcMovesItsTargetByTheWeightOfTheGhost() {
    Arc<Integer> arc = new Arc<>(1_000);
    arc.stored(1, 400);
    arc.stored(2, 400);
    arc.stored(3, 200);
    assertThat(arc.evict()).hasValue(1);
    arc.stored(1, 400);

    assertThat(arc.target()).isEqualTo(400);
    arc.resize(300);
    assertThat(arc.target()).isEqualTo(300);
  }

  @Test
  void arcTakesFromWhatWasReadAgainWhenTheOthersAreNoMoreThanTheTarget() {
    Arc<Integer> arc = new Arc<>(1_000);
    arc.stored(1, 400);
    arc.stored(2, 400);
    arc.stored(3, 200);
    assertThat(arc.evict()).hasValue(1);
    arc.stored(1, 400);

    assertThat(arc.evict()).hasValue(2);
    assertThat(arc.evict()).hasValue(1);
    assertThat(arc.evict()).hasValue(3);
  }

  @Test
  void s3FifoGivesUpNewContentsThatAreNotReadAgainWithinATenth() {
    Memory memory = new Memory(new S3Fifo<>(CAPACITY));
    // in the main queue by two reads after the first
    for (int round = 0; round < 3; round++) {
      memory.read(0, 90);
    }
    memory.read(100, 110);
    for (int key = 110; key < 200; key++) {
      memory.read(key);
      assertThat(memory.there).doesNotContain(key - 10).contains(key - 9);
    }

    assertThat(memory.count(0, 90)).isEqualTo(90);
  }

  @Test
  void s3FifoKeepsNewContentsAfterTwoReads() {
    S3Fifo<Integer> once = new S3Fifo<>(10);
    once.stored(1, 1);
    once.read(1);
    once.stored(2, 1);
    assertThat(once.evict()).hasValue(1);

    S3Fifo<Integer> twice = new S3Fifo<>(10);
    twice.stored(1, 1);
    twice.read(1);
    twice.read(1);
    twice.stored(2, 1);
    assertThat(twice.evict()).hasValue(2);
    // the reads from before it came into the main queue don't count there
    twice.stored(2, 1);
    assertThat(twice.evict()).hasValue(1);
  }

  @Test
  void s3FifoKeepsContentsThatComeBackSoon() {
    Memory memory = new Memory(new S3Fifo<>(CAPACITY));
    memory.read(0, 110);
    assertThat(memory.there).doesNotContain(5);

    memory.read(5);
    memory.read(200, 260);

    assertThat(memory.there).contains(5).doesNotContain(6);
  }

  @Test
  void s3FifoGivesAContentOneRoundForEachReadAtMostThree() {
    S3Fifo<Integer> policy = new S3Fifo<>(3);
    // all are stored again after they were given up, which puts them into the main queue
    for (int key = 1; key <= 3; key++) {
      policy.stored(key, 1);
      policy.stored(9, 1);
      assertThat(policy.evict()).hasValue(key);
      policy.removed(9);
      policy.stored(key, 1);
    }
    for (int i = 0; i < 10; i++) {
      policy.read(1);
    }
    policy.read(2);
    policy.read(2);
    policy.read(2);

    assertThat(policy.evict()).hasValue(3);
    // three rounds each, so the older one
    assertThat(policy.evict()).hasValue(1);
  }

  @Test
  void tinyLfuAdmitsOnlyWhatWasReadMoreOftenThanItsVictim() {
    Memory memory = new Memory(new WTinyLfu<>(CAPACITY));
    for (int round = 0; round < 3; round++) {
      memory.read(0, 100);
    }
    for (int i = 0; i < 3; i++) {
      memory.read(1_000);
      memory.read(1_001); // pushes it out of the window, which holds one
      assertThat(memory.there).hasSize(CAPACITY).contains(1_001);
    }
    assertThat(memory.there).doesNotContain(1_000);
    memory.read(1_000);
    memory.read(2_000);

    assertThat(memory.there).contains(1_000);
  }

  @Test
  void tinyLfuForgetsWhatWasPopularLongAgo() {
    Memory memory = new Memory(new WTinyLfu<>(CAPACITY));
    for (int round = 0; round < 15; round++) {
      memory.read(0, 100);
    }
    for (int round = 0; round < 300; round++) {
      memory.read(1_000, 1_100);
    }

    assertThat(memory.count(1_000, 1_100)).isGreaterThan(90);
  }

  @Test
  void tinyLfuLearnsTheNewSizeWhenMemoryIsReturned() {
    WTinyLfu<Integer> policy = new WTinyLfu<>(1_000);
    for (int key = 0; key < 1_000; key++) {
      policy.stored(key, 1);
      policy.read(key);
      policy.read(key);
    }
    policy.resize(500);
    for (int i = 0; i < 500; i++) {
      policy.evict();
    }
    // the window is a hundredth of what is left: the sixth new content is the first to compete
    for (int key = 1_000; key < 1_006; key++) {
      policy.stored(key, 1);
    }

    assertThat(policy.evict()).hasValue(1_000);
  }

  @Test
  void tinyLfuLearnsThatMemoryIsFullEarlier() {
    WTinyLfu<Integer> policy = new WTinyLfu<>(1_000);
    for (int key = 0; key < 1_000; key++) {
      policy.stored(key, 1);
      policy.read(key);
    }
    for (int i = 0; i < 500; i++) {
      policy.evict();
    }
    policy.stored(1_000, 1);

    // a window of five has room for it, so the oldest of the main part goes: ten of the window and
    // 490 of the main part went before
    assertThat(policy.evict()).hasValue(490);
  }

  @Test
  void tinyLfuLearnsTheNewSizeWhenMemoryIsLent() {
    WTinyLfu<Integer> policy = new WTinyLfu<>(1_000);
    for (int key = 0; key < 1_000; key++) {
      policy.stored(key, 1);
      policy.read(key);
    }
    policy.evict();
    policy.resize(2_000);
    for (int key = 1_000; key < 2_001; key++) {
      policy.stored(key, 1);
    }

    // a hundredth of 2000
    assertThat(policy.evict()).hasValue(1_981);
  }

  @Test
  void tinyLfuGuardsFourFifthsOfTheMainPart() {
    WTinyLfu<Integer> policy = new WTinyLfu<>(CAPACITY);
    for (int key = 0; key < 100; key++) {
      policy.stored(key, 1);
    }
    for (int key = 0; key < 99; key++) {
      policy.read(key);
    }
    assertThat(policy.evict()).hasValue(99);
    for (int key = 500; key < 502; key++) {
      policy.stored(key, 1);
      policy.read(key);
      policy.read(key);

      // not 500, which is new in the main part: a fifth of what was there lies before it
      assertThat(policy.evict()).hasValue(key - 500);
    }
  }

  @Test
  void tinyLfuCountsReadsOfAsManyNamesAsThereAreContents() {
    WTinyLfu<Integer> policy = new WTinyLfu<>(10_000);
    for (int key = 0; key < 5_000; key++) {
      policy.stored(key, 1);
    }

    assertThat(policy.sketch().length()).isEqualTo(8 * 8192);
  }
}
