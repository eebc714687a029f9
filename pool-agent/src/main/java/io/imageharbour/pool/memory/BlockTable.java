package io.imageharbour.pool.memory;

import java.util.Arrays;

/**
 * The blocks that slabs are cut into, known by number: 32 bytes of heap each, in pages that never
 * move, so that millions of them neither burden the garbage collector nor stall it when they grow.
 *
 * <p>Lengths and offsets are in units of {@link SlabAllocator#ALIGNMENT}. Blocks of a slab are
 * linked in the order of their offsets; those in {@link FreeBlocks} are linked a second time.
 */
final class BlockTable {

  /** No block. */
  static final int NONE = -1;

  private static final int BLOCKS_PER_PAGE = 1 << 12;

  private static final int SLAB = 0;
  private static final int OFFSET = 1;
  private static final int LENGTH = 2;
  private static final int STATE = 3;
  private static final int BEFORE = 4;
  private static final int AFTER = 5;
  private static final int PREVIOUS_FREE = 6;
  private static final int NEXT_FREE = 7;
  private static final int FIELDS = 8;

  // what a page of zeros says
  private static final int UNKNOWN = 0;
  private static final int FREE = 1;
  private static final int USED = 2;

  private final int limit;
  private int[][] pages = new int[16][];
  private int count;
  private int recycled = NONE;

  /**
   * @param limit how many blocks there may be at once
   */
  BlockTable(int limit) {
    this.limit = limit;
  }

  boolean isFull() {
    return recycled == NONE && count == limit;
  }

  /** Adds a free block without neighbours. The table must not be full. */
  int create(int slab, int offset, int length) {
    int block = recycled;
    if (block == NONE) {
      block = grow();
    } else {
      recycled = get(block, NEXT_FREE);
    }
    int[] page = page(block);
    int i = index(block);
    page[i + SLAB] = slab;
    page[i + OFFSET] = offset;
    page[i + LENGTH] = length;
    page[i + STATE] = FREE;
    Arrays.fill(page, i + BEFORE, i + FIELDS, NONE);
    return block;
  }

  private int grow() {
    int number = count / BLOCKS_PER_PAGE;
    if (count % BLOCKS_PER_PAGE == 0) {
      if (number == pages.length) {
        pages = Arrays.copyOf(pages, 2 * number);
      }
      pages[number] = new int[BLOCKS_PER_PAGE * FIELDS];
    }
    return count++;
  }

  /** Cuts a free block in two free ones and returns the second. The table must not be full. */
  int split(int block, int length) {
    int rest = create(slab(block), offset(block) + length, length(block) - length);
    int after = after(block);
    set(block, LENGTH, length);
    link(block, rest);
    if (after != NONE) {
      link(rest, after);
    }
    return rest;
  }

  /** Adds to a block the one that lies right after it, which ceases to be. */
  void join(int block, int rest) {
    int after = after(rest);
    set(block, LENGTH, length(block) + length(rest));
    set(block, AFTER, after);
    if (after != NONE) {
      set(after, BEFORE, block);
    }
    delete(rest);
  }

  void delete(int block) {
    set(block, STATE, UNKNOWN);
    set(block, NEXT_FREE, recycled);
    recycled = block;
  }

  private void link(int block, int after) {
    set(block, AFTER, after);
    set(after, BEFORE, block);
  }

  /** Whether a block is in use; any number from 0 may be asked for. */
  boolean isUsed(int block) {
    return block < count && get(block, STATE) == USED;
  }

  boolean isFree(int block) {
    return get(block, STATE) == FREE;
  }

  void setUsed(int block, boolean used) {
    set(block, STATE, used ? USED : FREE);
  }

  int slab(int block) {
    return get(block, SLAB);
  }

  int offset(int block) {
    return get(block, OFFSET);
  }

  int length(int block) {
    return get(block, LENGTH);
  }

  /** The block that ends where this one begins, or {@link #NONE}. */
  int before(int block) {
    return get(block, BEFORE);
  }

  /** The block that begins where this one ends, or {@link #NONE}. */
  int after(int block) {
    return get(block, AFTER);
  }

  int previousFree(int block) {
    return get(block, PREVIOUS_FREE);
  }

  void setPreviousFree(int block, int previous) {
    set(block, PREVIOUS_FREE, previous);
  }

  int nextFree(int block) {
    return get(block, NEXT_FREE);
  }

  void setNextFree(int block, int next) {
    set(block, NEXT_FREE, next);
  }

  private int get(int block, int field) {
    return page(block)[index(block) + field];
  }

  private void set(int block, int field, int value) {
    page(block)[index(block) + field] = value;
  }

  private int[] page(int block) {
    return pages[block / BLOCKS_PER_PAGE];
  }

  private static int index(int block) {
    return block % BLOCKS_PER_PAGE * FIELDS;
  }
}
