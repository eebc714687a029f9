package io.imageharbour.pool.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Keeps memory 95 % full of contents as Python images have them, and goes on until all of it has
 * been written six times over. What goes is chosen at random, which scatters the gaps most.
 */
class ChurnTest {

  private static final int SLAB_LENGTH = 1 << 30;
  private static final double FILL = 0.95;

  private final SplittableRandom random = new SplittableRandom(1);
  private final SlabAllocator allocator = new SlabAllocator(SLAB_LENGTH);
  private final List<Long> live = new ArrayList<>();

  private long allocations;
  private long allocatedBytes;
  private long failures;
  private long movedBytes;
  private long lostBytes;

  @Test
  void fewAllocationsFailAndMakingRoomForThemMovesLittle() {
    allocator.addSlab();
    fill();
    while (allocatedBytes < 6L * SLAB_LENGTH) {
      store(contentLength());
    }

    double fill = (double) allocator.used() / allocator.capacity();
    double failed = (double) failures / allocations;
    double moved = (double) movedBytes / allocatedBytes;
    double lost = (double) lostBytes / allocatedBytes;
    // measured: 0.9500, 0.0051, 0.0226 and 0.00006
    assertThat(fill).isGreaterThan(FILL - 0.001);
    assertThat(failed).isLessThan(0.01);
    assertThat(moved).isLessThan(0.04);
    assertThat(lost).isLessThan(0.0005);
    assertAllCanBeUsedAgain();
  }

  private void fill() {
    while (allocator.used() < FILL * SLAB_LENGTH - SlabAllocator.MAX_LENGTH) {
      store(contentLength());
    }
    allocations = 0;
    allocatedBytes = 0;
  }

  private void store(int length) {
    while (allocator.used() + length > FILL * SLAB_LENGTH) {
      allocator.free(removeAt(random.nextInt(live.size())));
    }
    allocations++;
    allocatedBytes += length;
    OptionalLong address = allocator.allocate(length);
    if (address.isEmpty()) {
      failures++;
      makeRoom(length);
    } else {
      live.add(address.getAsLong());
    }
  }

  /** What lies in the way goes elsewhere; what finds no other place is lost. */
  private void makeRoom(int length) {
    Map<Long, Integer> lengths = new HashMap<>();
    for (long address : allocator.inTheWay(length)) {
      lengths.put(address, allocator.length(address));
      allocator.free(address);
    }
    live.removeIf(lengths::containsKey);
    live.add(allocator.allocate(length).orElseThrow());
    for (int moved : lengths.values()) {
      movedBytes += moved;
      allocator.allocate(moved).ifPresentOrElse(live::add, () -> lostBytes += moved);
    }
  }

  private void assertAllCanBeUsedAgain() {
    while (!live.isEmpty()) {
      allocator.free(removeAt(random.nextInt(live.size())));
    }
    assertThat(allocator.used()).isZero();
    assertThat(allocator.fragmentation()).isZero();
    for (int i = 0; i < SLAB_LENGTH / SlabAllocator.MAX_LENGTH; i++) {
      assertThat(allocator.allocate(SlabAllocator.MAX_LENGTH)).isPresent();
    }
  }

  private long removeAt(int index) {
    long last = live.removeLast();
    return index == live.size() ? last : live.set(index, last);
  }

  /** Most contents are small, and most bytes are in the chunks of big files. */
  private int contentLength() {
    double kind = random.nextDouble();
    if (kind < 0.05) {
      return 256 << 10;
    }
    return kind < 0.15 ? between(16 << 10, 1 << 20) : between(200, 16 << 10);
  }

  /** As many of one order of magnitude as of the next. */
  private int between(int least, int most) {
    return (int) Math.exp(random.nextDouble(Math.log(least), Math.log(most)));
  }
}
