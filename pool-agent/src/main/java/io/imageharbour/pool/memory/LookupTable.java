package io.imageharbour.pool.memory;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.imageharbour.indexer.Digest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Where contents lie, in memory that clients read by themselves: buckets of eight entries of 64
 * bytes, one bucket for each digest. A client reads the bucket and looks through it.
 *
 * <pre>
 *  0      32 the digest
 * 32       4 the number of the region    little-endian, as all of these
 * 36       4 the length in bytes         0 in an entry that is free
 * 40       8 the offset in the region, in bytes
 * 48       8 the generation: another one each time that an entry is written
 * 56       8 a checksum of all that: an entry that was read while it was written fails it
 * </pre>
 *
 * An entry may be out of date when the client uses it. It then leads to other bytes, which do not
 * have the digest. One thread at a time may change the table; any number read it.
 */
public final class LookupTable {

  /** Length of a bucket in bytes. */
  public static final int BUCKET = 512;

  private static final int ENTRY = 64;
  private static final int ENTRIES = BUCKET / ENTRY;

  private static final int REGION = 32;
  private static final int LENGTH = 36;
  private static final int OFFSET = 40;
  private static final int GENERATION = 48;
  private static final int CHECKSUM = 56;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** Written last and cleared first, so that readers on this host see an entry whole or not. */
  private static final VarHandle PUBLISHED =
      ValueLayout.JAVA_LONG.withOrder(LITTLE_ENDIAN).varHandle();

  private final MemorySegment table;
  private final long buckets;
  private long generation;

  /**
   * An entry.
   *
   * @param where the bytes lie
   * @param generation of the entry
   */
  public record Entry(Digest digest, Span where, long generation) {}

  /**
   * A table in this memory, which is all zeros.
   *
   * @param table a power of two times {@link #BUCKET} bytes
   */
  public LookupTable(MemorySegment table) {
    this.table = table;
    buckets = buckets(table.byteSize());
  }

  /**
   * The size of a table that holds so many entries comfortably: half of them free.
   *
   * @return in bytes, a power of two
   */
  public static long sizeFor(long entries) {
    return Long.highestOneBit(Math.max(entries * 2, ENTRIES) * ENTRY * 2 - 1);
  }

  /**
   * Where a client reads the bucket of a digest.
   *
   * @param tableSize in bytes, as the agent says; must be right
   */
  public static Span bucket(Digest digest, long tableSize) {
    return new Span(Region.TABLE, bucketOffset(digest, buckets(tableSize)), BUCKET);
  }

  /** Whether a table may have this size, in bytes. */
  public static boolean isTableSize(long size) {
    return size >= BUCKET && Long.bitCount(size) == 1;
  }

  /**
   * Looks through a bucket that was read.
   *
   * @param bucket its {@link #BUCKET} bytes, as they came, whoever sent them
   */
  public static Optional<Entry> find(MemorySegment bucket, Digest digest) {
    for (int i = 0; i < ENTRIES; i++) {
      if (bucket.get(WORD, (long) i * ENTRY) == digest.word0()) {
        Optional<Entry> entry = read(bucket, (long) i * ENTRY);
        if (entry.isPresent() && entry.get().digest().equals(digest)) {
          return entry;
        }
      }
    }
    return Optional.empty();
  }

  /** The entry of a digest. */
  public Optional<Entry> find(Digest digest) {
    return find(table.asSlice(bucketOffset(digest, buckets), BUCKET), digest);
  }

  /**
   * Adds an entry for a digest that has none.
   *
   * @return false if the bucket is full
   */
  public boolean add(Digest digest, Span where) {
    long bucket = bucketOffset(digest, buckets);
    for (int i = 0; i < ENTRIES; i++) {
      long at = bucket + (long) i * ENTRY;
      // free, or damaged: then nobody finds what it led to
      if (read(table, at).isEmpty()) {
        write(at, digest, where, ++generation);
        return true;
      }
    }
    return false;
  }

  /** The oldest entry of the bucket that this digest belongs to, if that has any. */
  public Optional<Entry> oldestBeside(Digest digest) {
    long bucket = bucketOffset(digest, buckets);
    Optional<Entry> oldest = Optional.empty();
    for (int i = 0; i < ENTRIES; i++) {
      Optional<Entry> entry = read(table, bucket + (long) i * ENTRY);
      if (entry.isPresent()
          && (oldest.isEmpty() || entry.get().generation() < oldest.get().generation())) {
        oldest = entry;
      }
    }
    return oldest;
  }

  /** Removes the entry of a digest; unknown ones are fine. */
  public void remove(Digest digest) {
    long bucket = bucketOffset(digest, buckets);
    for (int i = 0; i < ENTRIES; i++) {
      long at = bucket + (long) i * ENTRY;
      Optional<Entry> entry = read(table, at);
      if (entry.isPresent() && entry.get().digest().equals(digest)) {
        PUBLISHED.setVolatile(table, at + CHECKSUM, 0L);
        table.set(INT, at + LENGTH, 0);
      }
    }
  }

  private void write(long at, Digest digest, Span where, long generation) {
    PUBLISHED.setVolatile(table, at + CHECKSUM, 0L);
    table.set(WORD, at, digest.word0());
    table.set(WORD, at + 8, digest.word1());
    table.set(WORD, at + 16, digest.word2());
    table.set(WORD, at + 24, digest.word3());
    table.set(INT, at + REGION, where.region());
    table.set(INT, at + LENGTH, where.length());
    table.set(LONG, at + OFFSET, where.offset());
    table.set(LONG, at + GENERATION, generation);
    PUBLISHED.setVolatile(table, at + CHECKSUM, checksum(table, at));
  }

  /** What an entry says, if it is in use and makes sense. */
  private static Optional<Entry> read(MemorySegment memory, long at) {
    int length = memory.get(INT, at + LENGTH);
    if (length < 1
        || length > Span.MAX_LENGTH
        || memory.get(LONG, at + CHECKSUM) != checksum(memory, at)) {
      return Optional.empty();
    }
    int region = memory.get(INT, at + REGION);
    long offset = memory.get(LONG, at + OFFSET);
    if (region < 0 || offset < 0) {
      return Optional.empty();
    }
    Digest digest =
        new Digest(
            memory.get(WORD, at),
            memory.get(WORD, at + 8),
            memory.get(WORD, at + 16),
            memory.get(WORD, at + 24));
    return Optional.of(
        new Entry(digest, new Span(region, offset, length), memory.get(LONG, at + GENERATION)));
  }

  /** FNV-1a over the entry's first seven words; never 0, which marks an entry as not valid. */
  private static long checksum(MemorySegment memory, long at) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < CHECKSUM; i += 8) {
      hash = (hash ^ memory.get(LONG, at + i)) * 0x100000001b3L;
      hash ^= hash >>> 32;
    }
    return hash | 1;
  }

  private static long buckets(long tableSize) {
    if (!isTableSize(tableSize)) {
      throw new IllegalArgumentException("no lookup table has " + tableSize + " bytes");
    }
    return tableSize / BUCKET;
  }

  private static long bucketOffset(Digest digest, long buckets) {
    return (digest.word0() & (buckets - 1)) * BUCKET;
  }
}
