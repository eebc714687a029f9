package io.imageharbour.pool.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an allocator promises at its edges; {@link AllocatorModelTest} has what lies between. */
class SlabAllocatorTest {

  private static final int KIB = 1 << 10;
  private static final int MIB = 1 << 20;

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -64, 0, 63, 65, (1 << 30) + 64})
  void refusesASlabOfOddLength(int length) {
    assertThatThrownBy(() -> new SlabAllocator(length))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a slab of " + length + " bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, MIB + 1, Integer.MAX_VALUE})
  void refusesABlockOfNoContent(int length) {
    SlabAllocator allocator = withSlabs(2 * MIB, 1);

    assertThatThrownBy(() -> allocator.allocate(length))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a block of " + length + " bytes");
  }

  @Test
  void hasNoRoomWithoutASlab() {
    SlabAllocator allocator = new SlabAllocator(MIB);

    assertThat(allocator.allocate(1)).isEmpty();
    assertThat(allocator.capacity()).isZero();
    assertThat(allocator.largestFree()).isZero();
    assertThat(allocator.fragmentation()).isZero();
    assertThat(allocator.emptiestSlab()).isEmpty();
    assertThat(allocator.inTheWay(1)).isEmpty();
  }

  @Test
  void fillsTheLongestSlabToItsLastByte() {
    SlabAllocator allocator = withSlabs(SlabAllocator.MAX_SLAB_LENGTH, 1);

    for (int i = 0; i < 1024; i++) {
      long address = allocator.allocate(MIB).orElseThrow();
      assertThat(SlabAllocator.offset(address)).isEqualTo(i * MIB);
    }
    assertThat(allocator.allocate(1)).isEmpty();
    assertThat(allocator.used()).isEqualTo(allocator.capacity()).isEqualTo(1 << 30);
  }

  @Test
  void saysWhereABlockLiesInTheLastOfTheMostSlabs() {
    SlabAllocator allocator = withSlabs(128, SlabAllocator.MAX_SLABS);
    List<Long> addresses = new ArrayList<>();
    for (int i = 0; i < 2 * SlabAllocator.MAX_SLABS; i++) {
      addresses.add(allocator.allocate(1).orElseThrow());
    }

    assertThat(addresses).doesNotHaveDuplicates().allMatch(address -> address >= 0);
    assertThat(addresses)
        .anySatisfy(
            address -> {
              assertThat(SlabAllocator.slab(address)).isEqualTo(SlabAllocator.MAX_SLABS - 1);
              assertThat(SlabAllocator.offset(address)).isEqualTo(64);
            });
    assertThatThrownBy(allocator::addSlab)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("4096 slabs (at most 4096) and not too many blocks");
  }

  @Test
  void refusesToFreeTwice() {
    SlabAllocator allocator = withSlabs(MIB, 1);
    long first = allocator.allocate(100).orElseThrow();
    long second = allocator.allocate(100).orElseThrow();
    allocator.free(second);

    assertRefused(allocator, second);
    allocator.free(first);
    assertRefused(allocator, first);
    assertRefused(allocator, second);
    assertThat(allocator.free()).isEqualTo(MIB);
  }

  @Test
  void refusesAddressesThatItDidNotGive() {
    SlabAllocator allocator = withSlabs(MIB, 1);
    long address = allocator.allocate(100).orElseThrow();

    for (int bit = 0; bit < 64; bit++) {
      assertRefused(allocator, address ^ 1L << bit);
    }
    assertThat(allocator.used()).isEqualTo(128);
    allocator.free(address);
  }

  @Test
  void findsTheOneFreeBlockThatIsJustLongEnough() {
    SlabAllocator allocator = withSlabs(MIB, 1);
    long hole = allocator.allocate(1000 * 64).orElseThrow();
    allocator.allocate(64).orElseThrow();
    while (allocator.largestFree() > 1000 * 64) {
      allocator.allocate(Math.min(100 * KIB, allocator.largestFree())).orElseThrow();
    }
    while (allocator.allocate(64).isPresent()) {}
    allocator.free(hole);

    // 1000 is not where a class of lengths begins
    assertThat(allocator.allocate(1001 * 64)).isEmpty();
    assertThat(allocator.allocate(1000 * 64)).hasValue(hole);
  }

  @Test
  void measuresWhatIsTooSmallForTheLongestContent() {
    SlabAllocator allocator = withSlabs(4 * MIB, 1);
    List<Long> quarters = new ArrayList<>();
    while (allocator.free() > 0) {
      quarters.add(allocator.allocate(MIB / 4).orElseThrow());
    }
    assertThat(allocator.fragmentation()).isZero();

    allocator.free(quarters.get(0));
    assertThat(allocator.fragmentation()).isEqualTo(1);
    for (int i = 4; i < 9; i++) {
      allocator.free(quarters.get(i));
    }

    // a quarter alone, and five in a row of which four can serve a long one
    assertThat(allocator.fragmentation()).isEqualTo(2.0 / 6, within(1e-9));
    assertThat(allocator.largestFree()).isEqualTo(MIB);
  }

  @Test
  void putsNothingNewIntoASlabThatIsDrained() {
    SlabAllocator allocator = withSlabs(MIB, 2);
    long kept = allocator.allocate(KIB).orElseThrow();
    int drained = SlabAllocator.slab(kept);
    long freed = allocator.allocate(KIB).orElseThrow();
    assertThat(SlabAllocator.slab(freed)).isEqualTo(drained);

    allocator.drain(drained);
    allocator.drain(drained);
    allocator.free(freed);

    assertThat(allocator.blocks(drained)).containsExactly(kept);
    assertThat(allocator.capacity()).isEqualTo(2 * MIB);
    assertThat(allocator.free()).isEqualTo(MIB);
    assertThat(allocator.emptiestSlab()).hasValue(1 - drained);
    assertThat(allocator.allocate(MIB)).isPresent();
    assertThat(allocator.allocate(1)).isEmpty();
  }

  @Test
  void removesASlabOnlyWhenNothingIsInItAnyMore() {
    SlabAllocator allocator = withSlabs(MIB, 2);
    long address = allocator.allocate(KIB).orElseThrow();
    int slab = SlabAllocator.slab(address);

    assertThatThrownBy(() -> allocator.removeSlab(slab))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not being drained and has 1 blocks");
    allocator.drain(slab);
    assertThatThrownBy(() -> allocator.removeSlab(slab))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is being drained and has 1 blocks");
    allocator.free(address);
    allocator.removeSlab(slab);

    assertThat(allocator.capacity()).isEqualTo(MIB);
    assertThatThrownBy(() -> allocator.used(slab)).hasMessageContaining("no slab " + slab);
    assertThatThrownBy(() -> allocator.used(-1)).hasMessageContaining("no slab -1");
    assertThatThrownBy(() -> allocator.used(2)).hasMessageContaining("no slab 2");
    assertRefused(allocator, address);
    assertThat(allocator.addSlab()).isEqualTo(slab);
    assertThat(allocator.used(slab)).isZero();
  }

  @Test
  void removesNoSlabThatIsOpenForAllocations() {
    SlabAllocator allocator = withSlabs(MIB, 1);

    assertThatThrownBy(() -> allocator.removeSlab(0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not being drained and has 0 blocks");
  }

  @Test
  void drainsTheSlabWithTheFewestBytes() {
    SlabAllocator allocator = withSlabs(MIB, 3);
    long[] one = {
      allocator.allocate(MIB).orElseThrow(),
      allocator.allocate(MIB / 2).orElseThrow(),
      allocator.allocate(MIB * 3 / 4).orElseThrow()
    };

    assertThat(allocator.emptiestSlab()).hasValue(SlabAllocator.slab(one[1]));
    allocator.drain(SlabAllocator.slab(one[1]));
    assertThat(allocator.emptiestSlab()).hasValue(SlabAllocator.slab(one[2]));
    allocator.free(one[0]);
    assertThat(allocator.emptiestSlab()).hasValue(SlabAllocator.slab(one[0]));
  }

  @Test
  void hasABoundOnHowManyBlocksThereAre() {
    SlabAllocator allocator = new SlabAllocator(MIB, 4);
    allocator.addSlab();
    for (int round = 0; round < 100; round++) {
      long first = allocator.allocate(64).orElseThrow();
      long second = allocator.allocate(64).orElseThrow();
      long third = allocator.allocate(64).orElseThrow();
      assertThat(allocator.allocate(64)).as("a fifth block").isEqualTo(OptionalLong.empty());
      assertThatThrownBy(allocator::addSlab).isInstanceOf(IllegalStateException.class);
      allocator.free(second);
      allocator.free(first);
      allocator.free(third);
    }
    for (int round = 0; round < 100; round++) {
      allocator.drain(0);
      allocator.removeSlab(0);
      allocator.addSlab();
    }
    assertThat(allocator.allocate(MIB)).isPresent();
  }

  private static SlabAllocator withSlabs(int length, int count) {
    SlabAllocator allocator = new SlabAllocator(length);
    for (int i = 0; i < count; i++) {
      assertThat(allocator.addSlab()).isEqualTo(i);
    }
    return allocator;
  }

  private static void assertRefused(SlabAllocator allocator, long address) {
    assertThatThrownBy(() -> allocator.free(address))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no block in use has the address");
  }
}
