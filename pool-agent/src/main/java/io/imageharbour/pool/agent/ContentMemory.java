package io.imageharbour.pool.agent;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.ContentPlaces.Place;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.SlabAllocator;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.policy.EvictionPolicy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongFunction;

/**
 * The contents of an agent: their bytes in slabs, where they lie in the lookup table, and which go
 * when there is no room. Safe for use by several threads. Clients read the same memory at any time,
 * without asking: what is given up may be read for a moment longer, and half of it may then be
 * something else, which its digest tells.
 */
public final class ContentMemory implements AutoCloseable {

  /** The slabs of a pool of this many bytes, or more, are as large as may be. */
  private static final long SLABS = 16;

  private static final long LEAST_SLAB = 16 << 20;

  /** Contents are moved for a long one if so many times its length is free, in pieces. */
  private static final long ROOM_TO_MOVE = 2;

  /**
   * So many bytes of memory have one entry of the lookup table. Contents have three times as many
   * on average, but buckets do not fill evenly: at 16 KiB one of 13,500 contents was crowded out.
   */
  private static final long BYTES_PER_ENTRY = 8 << 10;

  /** As much as a device registers at once; a bucket that is full gives up its oldest content. */
  private static final long LARGEST_TABLE = 1L << 30;

  private final SlabSource source;
  private final Regions regions;
  private final Region tableRegion;
  private final LookupTable table;
  private final SlabAllocator allocator;
  private final EvictionPolicy<Digest> policy;
  private final int slabSize;

  private final ContentPlaces places = new ContentPlaces();

  /** The regions of slabs, by the allocator's number. */
  private final Map<Integer, Region> slabs = new HashMap<>();

  private int lastRegion = Region.TABLE;
  private long stored;
  private long wrong;
  private long evicted;
  private long refused;
  private long crowdedOut;
  private long movedBytes;
  private long readsReported;
  private long bytesReported;
  private long missesReported;

  /**
   * What it has and did.
   *
   * @param capacity bytes of all slabs
   * @param used bytes of them that contents take up
   * @param largestFree the longest run of free bytes
   * @param fragmentation as {@link SlabAllocator#fragmentation} says
   * @param contents that are there
   * @param stored contents, since the start; as all that follow
   * @param wrong contents that did not have their digest
   * @param evicted contents given up for others
   * @param refused contents that found no room
   * @param crowdedOut contents given up because their bucket of the table was full
   * @param movedBytes of contents that were moved to make room for longer ones
   * @param readsReported reads that found their content, as clients told
   * @param bytesReported their bytes
   * @param missesReported reads that did not, as clients told
   */
  public record Usage(
      long capacity,
      long used,
      long largestFree,
      double fragmentation,
      long contents,
      long stored,
      long wrong,
      long evicted,
      long refused,
      long crowdedOut,
      long movedBytes,
      long readsReported,
      long bytesReported,
      long missesReported) {}

  /**
   * Contents that were given up.
   *
   * @param bytes of all of them
   */
  public record Evicted(long contents, long bytes) {}

  /** How large the lookup table of an agent is that begins with so much memory, both in bytes. */
  static long tableSize(long capacity) {
    return Math.clamp(
        LookupTable.sizeFor(capacity / BYTES_PER_ENTRY), SharedMemory.HUGE_PAGE, LARGEST_TABLE);
  }

  /**
   * Takes memory of the host and makes it readable.
   *
   * @param capacity in bytes; rounded up to whole slabs
   * @param policy makes the policy for so many bytes
   * @throws OutOfHostMemoryException if the host does not give it; nothing is held then
   */
  public ContentMemory(
      SlabSource source,
      Regions regions,
      long capacity,
      LongFunction<EvictionPolicy<Digest>> policy)
      throws OutOfHostMemoryException {
    this.source = source;
    this.regions = regions;
    source.requireInAll(capacity + tableSize(capacity));
    slabSize = slabSize(capacity);
    allocator = new SlabAllocator(slabSize);
    tableRegion = new Region(Region.TABLE, source.take("harbour-table", tableSize(capacity)));
    table = new LookupTable(tableRegion.memory().segment());
    regions.add(tableRegion);
    try {
      while (allocator.capacity() < capacity) {
        addSlab();
      }
    } catch (OutOfHostMemoryException | RuntimeException | Error e) {
      close();
      throw e;
    }
    this.policy = policy.apply(allocator.capacity());
  }

  /** Length of a slab in an agent that begins with so many bytes: whole huge pages. */
  static int slabSize(long capacity) {
    long share = Math.clamp(capacity / SLABS, LEAST_SLAB, SlabAllocator.MAX_SLAB_LENGTH);
    return Math.toIntExact(share / SharedMemory.HUGE_PAGE * SharedMemory.HUGE_PAGE);
  }

  /**
   * Whether a content is there, and clients find it: an entry of the table that was damaged is
   * written again.
   */
  public synchronized boolean contains(Digest digest) {
    Optional<Place> place = places.find(digest);
    if (place.isEmpty()) {
      return false;
    }
    if (table.find(digest).filter(entry -> entry.where().equals(place.get().span())).isEmpty()) {
      table.remove(digest);
      publish(digest, place.get());
    }
    return true;
  }

  /** Which of these contents are there: the positions of those that are. */
  public synchronized BitSet areThere(List<Digest> digests) {
    BitSet there = new BitSet(digests.size());
    for (int i = 0; i < digests.size(); i++) {
      there.set(i, places.find(digests.get(i)).isPresent());
    }
    return there;
  }

  /**
   * Takes a content over from staging memory, checks it and publishes it; gives up others for it.
   * What the client writes meanwhile does no harm: the copy is checked.
   *
   * @param staged 1 to {@link Span#MAX_LENGTH} bytes
   * @return false if there is no room for it
   * @throws WrongContentException if the bytes have another digest
   */
  public synchronized boolean store(Digest digest, MemorySegment staged)
      throws WrongContentException {
    if (places.find(digest).isPresent()) {
      return true;
    }
    int length = Math.toIntExact(staged.byteSize());
    OptionalLong address = allocate(length);
    if (address.isEmpty()) {
      refused++;
      return false;
    }
    boolean taken = false;
    try {
      Span span = span(address.getAsLong(), length);
      MemorySegment copy = bytes(span);
      copy.copyFrom(staged);
      Digest actual = Digest.sha256(copy.asByteBuffer());
      if (!actual.equals(digest)) {
        wrong++;
        throw new WrongContentException(digest, actual, length);
      }
      publish(digest, new Place(address.getAsLong(), span));
      taken = true;
    } finally {
      if (!taken) {
        allocator.free(address.getAsLong());
      }
    }
    policy.stored(digest, length);
    stored++;
    return true;
  }

  /** Takes note of reads that a client tells of, whether they found their content or not. */
  public synchronized void read(List<Digest> digests) {
    digests.forEach(policy::read);
  }

  /**
   * Counts what a client tells of its reads.
   *
   * @param hits reads that found their content
   * @param bytes of those
   * @param misses reads that did not
   */
  public synchronized void told(long hits, long bytes, long misses) {
    readsReported += hits;
    bytesReported += bytes;
    missesReported += misses;
  }

  /** Computes digests again and gives up contents that are not what they should be. */
  public synchronized void check(List<Digest> suspects) {
    for (Digest digest : suspects) {
      Optional<Place> place = places.find(digest);
      if (place.isPresent()
          && !Digest.sha256(bytes(place.get().span()).asByteBuffer()).equals(digest)) {
        wrong++;
        policy.removed(digest);
        free(digest);
      }
    }
  }

  /** Gives up these contents; those that are not there are passed over. */
  public synchronized Evicted evict(List<Digest> digests) {
    long contents = 0;
    long bytes = 0;
    for (Digest digest : digests) {
      Optional<Place> place = places.find(digest);
      if (place.isPresent()) {
        contents++;
        bytes += place.get().span().length();
        policy.removed(digest);
        free(digest);
      }
    }
    return new Evicted(contents, bytes);
  }

  /** Gives up everything. */
  public synchronized Evicted evictAll() {
    return evict(places.all());
  }

  /** All contents with their sizes in bytes, in no order. */
  public synchronized Map<Digest, Integer> contents() {
    return places.sizes();
  }

  /**
   * Lends more or less memory. Contents of slabs that go move to others while there is room, and
   * else are given up.
   *
   * @param capacity in bytes; at least one slab stays
   * @return what it lends now: the next higher number of whole slabs
   * @throws OutOfHostMemoryException if the host does not give more
   */
  public synchronized long resize(long capacity) throws OutOfHostMemoryException {
    long wanted = Math.max(1, Math.ceilDiv(capacity, slabSize));
    try {
      while (slabs.size() > wanted) {
        removeSlab();
      }
      while (slabs.size() < wanted) {
        addSlab();
      }
    } finally {
      policy.resize(allocator.capacity());
    }
    return allocator.capacity();
  }

  /** What it has and did. */
  public synchronized Usage usage() {
    return new Usage(
        allocator.capacity(),
        allocator.used(),
        allocator.largestFree(),
        allocator.fragmentation(),
        places.size(),
        stored,
        wrong,
        evicted,
        refused,
        crowdedOut,
        movedBytes,
        readsReported,
        bytesReported,
        missesReported);
  }

  /** Gives all memory back to the host. */
  @Override
  public synchronized void close() {
    List<Region> all = new ArrayList<>(slabs.values());
    all.add(tableRegion);
    slabs.clear();
    places.clear();
    for (Region region : all) {
      regions.remove(region);
      region.memory().close();
    }
  }

  /** Moves contents, or gives them up, until there is room; or nothing is left to give up. */
  private OptionalLong allocate(int length) {
    OptionalLong address = allocator.allocate(length);
    while (address.isEmpty()) {
      if (allocator.free() >= ROOM_TO_MOVE * length) {
        address = makeRoom(length);
      }
      if (address.isEmpty()) {
        Optional<Digest> victim = policy.evict();
        if (victim.isEmpty()) {
          return address;
        }
        free(victim.get());
        evicted++;
        address = allocator.allocate(length);
      }
    }
    return address;
  }

  /** Moves what lies in the way of a long content, where so much is free in pieces. */
  private OptionalLong makeRoom(int length) {
    List<Moving> moving = new ArrayList<>();
    for (long block : allocator.inTheWay(length)) {
      Digest digest = places.at(block);
      byte[] copy = content(digest).toArray(ValueLayout.JAVA_BYTE);
      moving.add(new Moving(digest, MemorySegment.ofArray(copy)));
      free(digest);
    }
    OptionalLong address = allocator.allocate(length);
    for (Moving content : moving) {
      place(content.digest(), content.bytes());
    }
    return address;
  }

  /** A content that is nowhere just now. */
  private record Moving(Digest digest, MemorySegment bytes) {}

  /** Puts a content that the policy knows to another place, or gives it up if there is none. */
  private void place(Digest digest, MemorySegment content) {
    int length = Math.toIntExact(content.byteSize());
    OptionalLong to = allocator.allocate(length);
    if (to.isEmpty()) {
      policy.removed(digest);
      evicted++;
      return;
    }
    Span span = span(to.getAsLong(), length);
    bytes(span).copyFrom(content);
    publish(digest, new Place(to.getAsLong(), span));
    movedBytes += length;
  }

  private void publish(Digest digest, Place place) {
    while (!table.add(digest, place.span())) {
      Digest oldest = table.oldestBeside(digest).orElseThrow().digest();
      policy.removed(oldest);
      free(oldest);
      crowdedOut++;
    }
    places.add(digest, place);
  }

  private void free(Digest digest) {
    table.remove(digest);
    allocator.free(places.remove(digest).address());
  }

  private void addSlab() throws OutOfHostMemoryException {
    if (slabs.size() == SlabAllocator.MAX_SLABS) {
      throw new OutOfHostMemoryException(
          "more than %d slabs of %d MiB can't be lent: set memory, and start the agent anew"
              .formatted(SlabAllocator.MAX_SLABS, slabSize >> 20));
    }
    Region region = new Region(lastRegion + 1, source.take("harbour-slab", slabSize));
    lastRegion++;
    slabs.put(allocator.addSlab(), region);
    regions.add(region);
  }

  /** Takes away the slab with the fewest bytes in use. */
  private void removeSlab() {
    int slab = allocator.emptiestSlab().orElseThrow();
    allocator.drain(slab);
    for (long block : allocator.blocks(slab)) {
      Digest digest = places.at(block);
      MemorySegment content = content(digest);
      free(digest);
      place(digest, content);
    }
    allocator.removeSlab(slab);
    Region region = Objects.requireNonNull(slabs.remove(slab));
    regions.remove(region);
    region.memory().close();
  }

  private Span span(long address, int length) {
    Region region = Objects.requireNonNull(slabs.get(SlabAllocator.slab(address)));
    return new Span(region.number(), SlabAllocator.offset(address), length);
  }

  private MemorySegment content(Digest digest) {
    return bytes(places.find(digest).orElseThrow().span());
  }

  private MemorySegment bytes(Span span) {
    return regions
        .find(span.region())
        .orElseThrow()
        .memory()
        .segment()
        .asSlice(span.offset(), span.length());
  }
}
