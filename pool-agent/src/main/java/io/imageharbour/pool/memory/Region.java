package io.imageharbour.pool.memory;

import io.imageharbour.pool.linux.SharedMemory;

/**
 * Memory that clients may read: the lookup table or a slab.
 *
 * @param number names it; never used for another region by the same agent process
 */
public record Region(int number, SharedMemory memory) {

  /** The number of the region that holds the lookup table. */
  public static final int TABLE = 0;

  /** In bytes. */
  public long size() {
    return memory.segment().byteSize();
  }
}
