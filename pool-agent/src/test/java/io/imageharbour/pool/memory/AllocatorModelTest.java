package io.imageharbour.pool.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;

/** Compares the allocator with maps of what lies where, whatever is done in whatever order. */
class AllocatorModelTest {

  private static final int MIB = 1 << 20;
  private static final int SLAB_LENGTH = 3 * MIB + 4096;

  enum What {
    ALLOCATE,
    FREE,
    MAKE_ROOM,
    ADD_SLAB,
    DRAIN,
    REMOVE
  }

  /**
   * One thing to do.
   *
   * @param which picks one of the blocks or slabs that are there
   */
  record Step(What what, int length, int which) {}

  @Property(tries = 300, shrinking = ShrinkingMode.BOUNDED)
  void itDoesWhatTheModelDoes(@ForAll("steps") List<Step> steps) {
    Model model = new Model();
    model.addSlab();
    for (Step step : steps) {
      model.take(step);
      model.check();
    }
    model.freeEverything();
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<What> what =
        Arbitraries.frequency(
            Tuple.of(60, What.ALLOCATE),
            Tuple.of(30, What.FREE),
            Tuple.of(3, What.MAKE_ROOM),
            Tuple.of(2, What.ADD_SLAB),
            Tuple.of(2, What.DRAIN),
            Tuple.of(2, What.REMOVE));
    Arbitrary<Integer> length =
        Arbitraries.oneOf(
            Arbitraries.integers().between(1, 4096),
            Arbitraries.integers().between(1, 256 << 10),
            Arbitraries.integers().between(1, MIB),
            Arbitraries.of(1, 64, 65, 256 << 10, MIB));
    return Combinators.combine(what, length, Arbitraries.integers().greaterOrEqual(0))
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(400);
  }

  /** What lies where: in each slab the lengths of its blocks by offset. */
  private static final class Model {

    private final SlabAllocator allocator = new SlabAllocator(SLAB_LENGTH);
    private final Map<Integer, SortedMap<Integer, Integer>> slabs = new TreeMap<>();
    private final Map<Integer, Boolean> draining = new HashMap<>();
    private final List<Long> live = new ArrayList<>();

    void take(Step step) {
      switch (step.what) {
        case ALLOCATE -> allocate(step.length);
        case FREE -> {
          if (!live.isEmpty()) {
            free(live.get(step.which % live.size()));
          }
        }
        case MAKE_ROOM -> makeRoom(step.length);
        case ADD_SLAB -> {
          if (slabs.size() < 4) {
            addSlab();
          }
        }
        case DRAIN -> {
          if (!slabs.isEmpty()) {
            int slab = List.copyOf(slabs.keySet()).get(step.which % slabs.size());
            allocator.drain(slab);
            draining.put(slab, true);
          }
        }
        case REMOVE -> {
          for (int slab : List.copyOf(slabs.keySet())) {
            if (draining.getOrDefault(slab, false)) {
              for (long address : allocator.blocks(slab)) {
                free(address);
              }
              allocator.removeSlab(slab);
              slabs.remove(slab);
            }
          }
        }
      }
    }

    void addSlab() {
      int slab = allocator.addSlab();
      assertThat(slabs).doesNotContainKey(slab);
      slabs.put(slab, new TreeMap<>());
      draining.put(slab, false);
    }

    private void allocate(int length) {
      int rounded = (length + 63) / 64 * 64;
      OptionalLong address = allocator.allocate(length);
      assertThat(address.isPresent()).isEqualTo(longestGap() >= rounded);
      address.ifPresent(
          a -> {
            int slab = SlabAllocator.slab(a);
            int offset = SlabAllocator.offset(a);
            assertThat(draining.get(slab)).isFalse();
            assertThat(offset % 64).isZero();
            assertThat(allocator.length(a)).isEqualTo(rounded);
            assertThat(gaps(slab))
                .as("gaps of slab %d, of which one must hold %d at %d", slab, rounded, offset)
                .anyMatch(gap -> gap.from <= offset && offset + rounded <= gap.to);
            blocks(slab).put(offset, rounded);
            live.add(a);
          });
    }

    private void free(long address) {
      allocator.free(address);
      assertThat(blocks(SlabAllocator.slab(address)).remove(SlabAllocator.offset(address)))
          .isNotNull();
      live.remove(address);
    }

    private void makeRoom(int length) {
      int rounded = (length + 63) / 64 * 64;
      if (slabs.keySet().stream().allMatch(this::isDraining) || longestGap() >= rounded) {
        return;
      }
      int slab = allocator.emptiestSlab().orElseThrow();
      long[] blocks = allocator.inTheWay(length);
      int used = 0;
      for (long block : blocks) {
        assertThat(SlabAllocator.slab(block)).isEqualTo(slab);
        used += allocator.length(block);
      }
      assertThat(used).isEqualTo(leastInTheWay(slab, rounded));
      for (long block : blocks) {
        free(block);
      }
      allocate(length);
      assertThat(SlabAllocator.slab(live.getLast())).isEqualTo(slab);
    }

    private int leastInTheWay(int slab, int length) {
      List<Integer> starts = new ArrayList<>(blocks(slab).keySet());
      gaps(slab).forEach(gap -> starts.add(gap.from));
      return starts.stream()
          .filter(start -> start + length <= SLAB_LENGTH)
          .mapToInt(
              start ->
                  blocks(slab).entrySet().stream()
                      .filter(e -> e.getKey() < start + length && e.getKey() + e.getValue() > start)
                      .mapToInt(Map.Entry::getValue)
                      .sum())
          .min()
          .orElseThrow();
    }

    void check() {
      long used = 0;
      long free = 0;
      long large = 0;
      int least = Integer.MAX_VALUE;
      for (int slab : slabs.keySet()) {
        int inSlab = blocks(slab).values().stream().mapToInt(length -> length).sum();
        assertThat(allocator.used(slab)).isEqualTo(inSlab);
        assertThat(Arrays.stream(allocator.blocks(slab)).mapToInt(SlabAllocator::offset))
            .containsExactlyElementsOf(blocks(slab).keySet());
        used += inSlab;
        if (!isDraining(slab)) {
          least = Math.min(least, inSlab);
          for (Gap gap : gaps(slab)) {
            free += gap.to - gap.from;
            large += (gap.to - gap.from) / MIB;
          }
        }
      }
      assertThat(allocator.used()).isEqualTo(used);
      assertThat(allocator.free()).isEqualTo(free);
      assertThat(allocator.capacity()).isEqualTo((long) slabs.size() * SLAB_LENGTH);
      assertThat(allocator.largestFree()).isEqualTo(Math.min(MIB, longestGap()));
      assertThat(allocator.fragmentation())
          .isEqualTo(free == 0 ? 0 : 1 - (double) large * MIB / free, within(1e-9));
      assertThat(allocator.emptiestSlab().isPresent()).isEqualTo(least != Integer.MAX_VALUE);
      if (allocator.emptiestSlab().isPresent()) {
        assertThat(allocator.used(allocator.emptiestSlab().getAsInt())).isEqualTo(least);
      }
    }

    void freeEverything() {
      List.copyOf(live).forEach(this::free);
      check();
      for (int slab : slabs.keySet()) {
        if (!isDraining(slab)) {
          // a whole slab in one piece again
          for (int i = 0; i < SLAB_LENGTH / MIB; i++) {
            allocate(MIB);
          }
        }
      }
      check();
    }

    private SortedMap<Integer, Integer> blocks(int slab) {
      return Objects.requireNonNull(slabs.get(slab));
    }

    private boolean isDraining(int slab) {
      return draining.getOrDefault(slab, false);
    }

    private int longestGap() {
      return slabs.keySet().stream()
          .filter(slab -> !isDraining(slab))
          .flatMap(slab -> gaps(slab).stream())
          .mapToInt(gap -> gap.to - gap.from)
          .max()
          .orElse(0);
    }

    private List<Gap> gaps(int slab) {
      List<Gap> gaps = new ArrayList<>();
      int end = 0;
      for (Map.Entry<Integer, Integer> block : blocks(slab).entrySet()) {
        assertThat(block.getKey()).isGreaterThanOrEqualTo(end);
        if (block.getKey() > end) {
          gaps.add(new Gap(end, block.getKey()));
        }
        end = block.getKey() + block.getValue();
      }
      assertThat(end).isLessThanOrEqualTo(SLAB_LENGTH);
      if (end < SLAB_LENGTH) {
        gaps.add(new Gap(end, SLAB_LENGTH));
      }
      return gaps;
    }
  }

  /** Free bytes between two blocks. */
  private record Gap(int from, int to) {}
}
