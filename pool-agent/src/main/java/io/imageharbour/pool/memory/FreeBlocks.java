package io.imageharbour.pool.memory;

import static io.imageharbour.pool.memory.BlockTable.NONE;

import java.util.Arrays;

/**
 * The free blocks by length, in the classes of a two-level segregated fit: between two powers of
 * two there are 32 classes, so a block is found without a search and is at most a 32nd longer than
 * it would need to be, where there is one of about that length.
 */
final class FreeBlocks {

  /** Lengths below this have a class each. */
  private static final int STEPS = 32;

  private static final int STEP_BITS = 5;
  private static final int CLASSES = classOf(SlabAllocator.MAX_SLAB_UNITS) + 1;

  private final BlockTable blocks;
  private final int[] heads = new int[CLASSES];
  // a bit for each class that has blocks: eleven words are searched as fast as two levels of bits
  private final long[] nonEmpty = new long[(CLASSES + 63) / 64];

  private long units;
  private long largeRequests;

  FreeBlocks(BlockTable blocks) {
    this.blocks = blocks;
    Arrays.fill(heads, NONE);
  }

  /** The length of all of them. */
  long units() {
    return units;
  }

  /** How many requests of the greatest length they could serve. */
  long largeRequests() {
    return largeRequests;
  }

  void add(int block) {
    int length = blocks.length(block);
    int sizeClass = classOf(length);
    int head = heads[sizeClass];
    blocks.setPreviousFree(block, NONE);
    blocks.setNextFree(block, head);
    if (head != NONE) {
      blocks.setPreviousFree(head, block);
    }
    heads[sizeClass] = block;
    nonEmpty[sizeClass / 64] |= 1L << sizeClass;
    units += length;
    largeRequests += length / SlabAllocator.MAX_UNITS;
  }

  void remove(int block) {
    int length = blocks.length(block);
    int sizeClass = classOf(length);
    int previous = blocks.previousFree(block);
    int next = blocks.nextFree(block);
    if (next != NONE) {
      blocks.setPreviousFree(next, previous);
    }
    if (previous != NONE) {
      blocks.setNextFree(previous, next);
    } else {
      heads[sizeClass] = next;
      if (next == NONE) {
        nonEmpty[sizeClass / 64] &= ~(1L << sizeClass);
      }
    }
    units -= length;
    largeRequests -= length / SlabAllocator.MAX_UNITS;
  }

  /**
   * A block of at least this length, and rarely much longer; {@link BlockTable#NONE} if none is.
   */
  int find(int length) {
    int sizeClass = firstNonEmpty(classOf(roundUp(length)));
    return sizeClass < CLASSES ? heads[sizeClass] : findInClass(classOf(length), length);
  }

  /** The length of the longest. */
  int longest() {
    for (int word = nonEmpty.length - 1; word >= 0; word--) {
      if (nonEmpty[word] != 0) {
        int longest = 0;
        int head = heads[word * 64 + 63 - Long.numberOfLeadingZeros(nonEmpty[word])];
        for (int block = head; block != NONE; block = blocks.nextFree(block)) {
          longest = Math.max(longest, blocks.length(block));
        }
        return longest;
      }
    }
    return 0;
  }

  // the blocks of a class differ in length by up to a 32nd, so one that is shorter may come first
  private int findInClass(int sizeClass, int length) {
    int block = heads[sizeClass];
    while (block != NONE && blocks.length(block) < length) {
      block = blocks.nextFree(block);
    }
    return block;
  }

  private int firstNonEmpty(int from) {
    if (from >= CLASSES) {
      return CLASSES;
    }
    int word = from / 64;
    long bits = nonEmpty[word] & (-1L << from);
    while (bits == 0) {
      if (++word == nonEmpty.length) {
        return CLASSES;
      }
      bits = nonEmpty[word];
    }
    return word * 64 + Long.numberOfTrailingZeros(bits);
  }

  /** The least length of which every class holds only blocks that are long enough. */
  private static int roundUp(int length) {
    return length < STEPS ? length : length + (1 << (log2(length) - STEP_BITS)) - 1;
  }

  private static int classOf(int length) {
    if (length < STEPS) {
      return length;
    }
    int shift = log2(length) - STEP_BITS;
    return shift * STEPS + (length >>> shift);
  }

  private static int log2(int length) {
    return 31 - Integer.numberOfLeadingZeros(length);
  }
}
