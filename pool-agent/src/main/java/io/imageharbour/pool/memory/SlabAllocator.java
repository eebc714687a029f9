package io.imageharbour.pool.memory;

import static io.imageharbour.pool.memory.BlockTable.NONE;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Says which bytes of the slabs belong to which content: a two-level segregated fit over all slabs
 * with immediate coalescing. It hands out addresses and touches no memory.
 *
 * <p>Allocating and freeing take constant time. The one exception: where no free block is longer
 * than about the length asked for, those of about that length are looked through. An allocation
 * fails only if no free block is long enough, or with 2<sup>27</sup> blocks, which are 4 GiB of
 * heap. Not safe for use by several threads at once.
 *
 * <p>An address is a number of 63 bits that means something to this allocator only, except that
 * {@link #slab} and {@link #offset} read out of it where the block begins.
 *
 * <pre>
 *   bit  63  62        36  35    24  23               0
 *       | 0 |    block    |   slab   | offset / 64 B    |
 * </pre>
 *
 * <p>Source: Masmano, Ripoll, Crespo, Real: TLSF, a new dynamic memory allocator for real-time
 * systems, ECRTS 2004. What differs: the blocks' headers lie outside of the memory (clients read it
 * and could otherwise see and, over shared memory, overwrite them).
 */
public final class SlabAllocator {

  /** Blocks begin at multiples of this many bytes and are multiples of it long. */
  public static final int ALIGNMENT = 64;

  /** The longest block that can be asked for, in bytes. */
  public static final int MAX_LENGTH = 1 << 20;

  /** The longest slab, in bytes. */
  public static final int MAX_SLAB_LENGTH = 1 << 30;

  /** The greatest number of slabs at a time. */
  public static final int MAX_SLABS = 1 << 12;

  static final int MAX_UNITS = MAX_LENGTH / ALIGNMENT;
  static final int MAX_SLAB_UNITS = MAX_SLAB_LENGTH / ALIGNMENT;

  private static final int UNIT_BITS = 24;
  private static final int SLAB_BITS = 12;
  private static final int BLOCK_BITS = 27;

  private final int slabUnits;
  private final BlockTable blocks;
  private final FreeBlocks free;
  private final List<Slab> slabs = new ArrayList<>();
  private int slabCount;
  private long usedUnits;

  /**
   * @param slabLength in bytes, a multiple of {@link #ALIGNMENT} up to {@link #MAX_SLAB_LENGTH}
   */
  public SlabAllocator(int slabLength) {
    this(slabLength, 1 << BLOCK_BITS);
  }

  SlabAllocator(int slabLength, int maxBlocks) {
    if (slabLength <= 0 || slabLength > MAX_SLAB_LENGTH || slabLength % ALIGNMENT != 0) {
      throw new IllegalArgumentException(
          "a slab of %d bytes: it must be a multiple of %d up to %d"
              .formatted(slabLength, ALIGNMENT, MAX_SLAB_LENGTH));
    }
    slabUnits = slabLength / ALIGNMENT;
    blocks = new BlockTable(maxBlocks);
    free = new FreeBlocks(blocks);
  }

  /**
   * Adds a slab, all of it free.
   *
   * @return its number: the lowest that no slab has, less than {@link #MAX_SLABS}
   * @throws IllegalStateException if there are {@link #MAX_SLABS} already, or 2<sup>27</sup> blocks
   */
  public int addSlab() {
    int number = 0;
    while (number < slabs.size() && slabs.get(number).state != SlabState.ABSENT) {
      number++;
    }
    if (number == MAX_SLABS || blocks.isFull()) {
      throw new IllegalStateException(
          "can't add a slab: there are %d slabs (at most %d) and %s blocks"
              .formatted(slabCount, MAX_SLABS, blocks.isFull() ? "too many" : "not too many"));
    }
    if (number == slabs.size()) {
      slabs.add(new Slab());
    }
    Slab slab = slabs.get(number);
    slab.state = SlabState.OPEN;
    slab.first = blocks.create(number, 0, slabUnits);
    free.add(slab.first);
    slabCount++;
    return number;
  }

  /**
   * Finds room for a content.
   *
   * @param length in bytes, from 1 to {@link #MAX_LENGTH}
   * @return the address of a block of at least that length; empty if no free block is long enough
   */
  public OptionalLong allocate(int length) {
    if (length < 1 || length > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "a block of %d bytes: it must be from 1 to %d".formatted(length, MAX_LENGTH));
    }
    int units = units(length);
    int block = free.find(units);
    if (block == NONE) {
      return OptionalLong.empty();
    }
    boolean whole = blocks.length(block) == units;
    if (!whole && blocks.isFull()) {
      return OptionalLong.empty();
    }
    free.remove(block);
    if (!whole) {
      free.add(blocks.split(block, units));
    }
    blocks.setUsed(block, true);
    Slab slab = slabs.get(blocks.slab(block));
    slab.usedUnits += units;
    slab.usedBlocks++;
    usedUnits += units;
    return OptionalLong.of(address(block));
  }

  /**
   * Gives a block back, whether its slab is being drained or not.
   *
   * @throws IllegalArgumentException if no block in use has this address; nothing has changed then.
   *     An address that has been given back and is in use again can't be told from the new one.
   */
  public void free(long address) {
    int block = blockAt(address);
    Slab slab = slabs.get(blocks.slab(block));
    int units = blocks.length(block);
    slab.usedUnits -= units;
    slab.usedBlocks--;
    usedUnits -= units;
    blocks.setUsed(block, false);

    boolean open = slab.state == SlabState.OPEN;
    int after = blocks.after(block);
    if (after != NONE && blocks.isFree(after)) {
      if (open) {
        free.remove(after);
      }
      blocks.join(block, after);
    }
    int before = blocks.before(block);
    if (before != NONE && blocks.isFree(before)) {
      if (open) {
        free.remove(before);
      }
      blocks.join(before, block);
      block = before;
    }
    if (open) {
      free.add(block);
    }
  }

  /** The number of the slab that an address lies in. */
  public static int slab(long address) {
    return (int) (address >>> UNIT_BITS) & (MAX_SLABS - 1);
  }

  /** Where in its slab an address lies, in bytes from the slab's beginning. */
  public static int offset(long address) {
    return ((int) address & (MAX_SLAB_UNITS - 1)) * ALIGNMENT;
  }

  /**
   * The length of a block in bytes: what was asked for, rounded up to {@link #ALIGNMENT}.
   *
   * @throws IllegalArgumentException if no block in use has this address
   */
  public int length(long address) {
    return blocks.length(blockAt(address)) * ALIGNMENT;
  }

  /** The length of all slabs in bytes, those being drained among them. */
  public long capacity() {
    return bytes((long) slabCount * slabUnits);
  }

  /** The length of all blocks in use, in bytes; each rounded up to {@link #ALIGNMENT}. */
  public long used() {
    return bytes(usedUnits);
  }

  /** The length of all free blocks in bytes; slabs being drained have none. */
  public long free() {
    return bytes(free.units());
  }

  /**
   * The longest allocation that would succeed now, in bytes, or 0; may look through many blocks.
   */
  public int largestFree() {
    return Math.min(free.longest(), MAX_UNITS) * ALIGNMENT;
  }

  /**
   * How much of the free memory is in pieces that are too small for the longest content.
   *
   * @return 1 - n * {@link #MAX_LENGTH} / {@link #free}, where n is how many blocks of {@link
   *     #MAX_LENGTH} could be allocated now; from 0, nothing is too small, to 1, all is. 0 if
   *     nothing is free.
   */
  public double fragmentation() {
    long units = free.units();
    return units == 0 ? 0 : 1 - (double) free.largeRequests() * MAX_UNITS / units;
  }

  /**
   * The blocks that would have to go, or to lie elsewhere, for an allocation of a length to succeed
   * that fails now. Of all places in the emptiest slab it is the one where the least is in use; the
   * whole slab is looked through. Who frees them all and allocates at once gets that place, and may
   * then find them other ones.
   *
   * @param length in bytes, from 1 to {@link #MAX_LENGTH}
   * @return their addresses; none if no slab is open for allocations or slabs are shorter than that
   */
  public long[] inTheWay(int length) {
    int units = units(length);
    OptionalInt slab = emptiestSlab();
    if (slab.isEmpty() || units > slabUnits) {
      return new long[0];
    }
    int from = slabs.get(slab.getAsInt()).first;
    int to = from;
    int room = 0;
    int used = 0;
    int count = 0;
    int bestFrom = NONE;
    int bestUsed = Integer.MAX_VALUE;
    int bestCount = 0;
    // a window of whole blocks that goes over the slab: grows until it is long enough, then shrinks
    while (to != NONE || room >= units) {
      if (room < units) {
        room += blocks.length(to);
        if (blocks.isUsed(to)) {
          used += blocks.length(to);
          count++;
        }
        to = blocks.after(to);
        continue;
      }
      if (used < bestUsed) {
        bestFrom = from;
        bestUsed = used;
        bestCount = count;
      }
      room -= blocks.length(from);
      if (blocks.isUsed(from)) {
        used -= blocks.length(from);
        count--;
      }
      from = blocks.after(from);
    }
    long[] addresses = new long[bestCount];
    int block = bestFrom;
    for (int i = 0; i < bestCount; block = blocks.after(block)) {
      if (blocks.isUsed(block)) {
        addresses[i++] = address(block);
      }
    }
    return addresses;
  }

  /** The slab with the fewest bytes in use, of those that are not being drained. */
  public OptionalInt emptiestSlab() {
    int emptiest = NONE;
    for (int i = 0; i < slabs.size(); i++) {
      Slab slab = slabs.get(i);
      if (slab.state == SlabState.OPEN
          && (emptiest == NONE || slab.usedUnits < slabs.get(emptiest).usedUnits)) {
        emptiest = i;
      }
    }
    return emptiest == NONE ? OptionalInt.empty() : OptionalInt.of(emptiest);
  }

  /**
   * The bytes in use in one slab.
   *
   * @throws IllegalArgumentException if there is no such slab
   */
  public int used(int slab) {
    return present(slab).usedUnits * ALIGNMENT;
  }

  /**
   * Begins to empty a slab: nothing new goes into it. What is in it stays until it is freed, for
   * which {@link #blocks} says what that is. Doing so twice is the same as once.
   *
   * @throws IllegalArgumentException if there is no such slab
   */
  public void drain(int slab) {
    Slab drained = present(slab);
    if (drained.state == SlabState.DRAINING) {
      return;
    }
    drained.state = SlabState.DRAINING;
    for (int block = drained.first; block != NONE; block = blocks.after(block)) {
      if (blocks.isFree(block)) {
        free.remove(block);
      }
    }
  }

  /**
   * The addresses of the blocks in use in one slab as of now, by offset; freeing some of them while
   * going through the others is fine.
   *
   * @throws IllegalArgumentException if there is no such slab
   */
  public long[] blocks(int slab) {
    Slab present = present(slab);
    long[] addresses = new long[present.usedBlocks];
    int count = 0;
    for (int block = present.first; block != NONE; block = blocks.after(block)) {
      if (blocks.isUsed(block)) {
        addresses[count++] = address(block);
      }
    }
    return addresses;
  }

  /**
   * Takes a slab away whose memory is given back. It must have been drained, so that nothing comes
   * into it between the last look at it and now.
   *
   * @throws IllegalArgumentException if there is no such slab
   * @throws IllegalStateException if it is not being drained, or has blocks in use
   */
  public void removeSlab(int slab) {
    Slab removed = present(slab);
    if (removed.state != SlabState.DRAINING || removed.usedBlocks > 0) {
      throw new IllegalStateException(
          "slab %d can't be removed: it %s and has %d blocks in use"
              .formatted(
                  slab,
                  removed.state == SlabState.DRAINING ? "is being drained" : "is not being drained",
                  removed.usedBlocks));
    }
    blocks.delete(removed.first);
    removed.state = SlabState.ABSENT;
    slabCount--;
  }

  private Slab present(int slab) {
    if (slab < 0 || slab >= slabs.size() || slabs.get(slab).state == SlabState.ABSENT) {
      throw new IllegalArgumentException("there is no slab " + slab);
    }
    return slabs.get(slab);
  }

  private int blockAt(long address) {
    int block = (int) (address >>> (UNIT_BITS + SLAB_BITS));
    if (!blocks.isUsed(block) || address(block) != address) {
      throw new IllegalArgumentException(
          "no block in use has the address %#x (slab %d, offset %d)"
              .formatted(address, slab(address), offset(address)));
    }
    return block;
  }

  private long address(int block) {
    return ((long) block << (UNIT_BITS + SLAB_BITS))
        | ((long) blocks.slab(block) << UNIT_BITS)
        | blocks.offset(block);
  }

  private static int units(int length) {
    return (length + ALIGNMENT - 1) / ALIGNMENT;
  }

  private static long bytes(long units) {
    return units * ALIGNMENT;
  }

  private enum SlabState {
    ABSENT,
    OPEN,
    DRAINING
  }

  private static final class Slab {
    private SlabState state = SlabState.ABSENT;
    // keeps its number: blocks are joined to the one before them, and cut from its end
    private int first;
    private int usedUnits;
    private int usedBlocks;
  }
}
