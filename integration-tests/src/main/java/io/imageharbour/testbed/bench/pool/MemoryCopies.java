package io.imageharbour.testbed.bench.pool;

import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * Copies within this process, from random places of as much memory as the contents take in the
 * pool, so that no cache of the processor has more of it. One in flight goes to the same place each
 * time; of many each has a place of its own, and its time lasts until it would be taken from there.
 */
final class MemoryCopies implements Baseline {

  /** The pool's least block. */
  private static final int LEAST = 64;

  @Override
  public ReadFigures measure(Contents contents, int inFlight) {
    int size = contents.size();
    int stride = Math.max(size, LEAST);
    int count = contents.digests().size();
    Timings timings = new Timings(contents.reads());
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment from = arena.allocate((long) stride * count, 4096).fill((byte) 1);
      MemorySegment to = arena.allocate((long) size * inFlight, 4096).fill((byte) 2);
      long[] started = new long[inFlight];
      long begin = System.nanoTime();
      for (int i = 0; i < timings.capacity() + inFlight - 1; i++) {
        int slot = i % inFlight;
        started[slot] = System.nanoTime();
        long offset = (long) random.nextInt(count) * stride;
        MemorySegment.copy(from, offset, to, (long) slot * size, size);
        if (i >= inFlight - 1) {
          timings.add(System.nanoTime() - started[(slot + 1) % inFlight]);
        }
      }
      return timings.figures(Kind.BASELINE, size, inFlight, System.nanoTime() - begin);
    }
  }

  @Override
  public void close() {}
}
