package io.imageharbour.pool.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.policy.PolicyKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContentMemoryTest {

  private static final int MIB = 1 << 20;

  private final Regions regions = new Regions();
  private final Random random = new Random(11);
  private ContentMemory memory;

  @BeforeEach
  void open() throws Exception {
    memory = new ContentMemory(new SlabSource(false), regions, 32 * MIB, PolicyKind.LRU::create);
  }

  @AfterEach
  void close() {
    memory.close();
    assertThat(regions.geometry().regions()).isEmpty();
  }

  @Test
  void aClientFindsWhatWasStored() throws Exception {
    for (int length : new int[] {1, 63, 64, 65, 4096, MIB}) {
      byte[] content = content(length);
      assertThat(store(content)).isTrue();
      assertThat(asAClientReads(content)).contains(content);
    }
    assertThat(memory.usage().contents()).isEqualTo(6);
  }

  @Test
  void otherBytesThanTheDigestSaysAreNotStored() {
    byte[] content = content(1000);
    assertThatThrownBy(
            () -> memory.store(Digest.sha256(content(1000)), MemorySegment.ofArray(content)))
        .isInstanceOf(WrongContentException.class);
    assertThat(memory.usage().contents()).isZero();
    assertThat(memory.usage().used()).isZero();
    assertThat(memory.usage().wrong()).isEqualTo(1);
  }

  @Test
  void contentsOfAnyLengthMoveWholeAndPassTheirCheck() throws Exception {
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      contents.add(content(900_001 + i));
      store(contents.getLast());
    }
    memory.check(contents.stream().map(Digest::sha256).toList());
    assertThat(memory.usage().wrong()).isZero();
    assertThat(memory.resize(16 * MIB)).isEqualTo(16 * MIB);
    List<byte[]> left = new ArrayList<>(contents);
    left.removeIf(content -> !memory.contains(Digest.sha256(content)));
    assertThat(left).hasSizeGreaterThan(10);
    for (byte[] content : left) {
      assertThat(asAClientReads(content).orElseThrow()).hasSize(content.length).isEqualTo(content);
      assertThat(memory.contents()).containsEntry(Digest.sha256(content), content.length);
    }
    memory.check(left.stream().map(Digest::sha256).toList());
    assertThat(memory.usage().wrong()).isZero();
  }

  @Test
  void whatIsStoredTwiceIsThereOnce() throws Exception {
    byte[] content = content(1000);
    assertThat(store(content)).isTrue();
    assertThat(store(content)).isTrue();
    assertThat(memory.usage().stored()).isEqualTo(1);
  }

  @Test
  void whenItIsFullWhatWasReadLastStays() throws Exception {
    byte[] first = content(MIB);
    store(first);
    for (int i = 0; i < 100; i++) {
      memory.read(List.of(Digest.sha256(first)));
      assertThat(store(content(MIB))).isTrue();
    }
    assertThat(memory.usage().evicted()).isEqualTo(101 - 32);
    assertThat(asAClientReads(first)).contains(first);
  }

  @Test
  void smallContentsInTheWayOfALargeOneAreMoved() throws Exception {
    List<byte[]> small = new ArrayList<>();
    for (int i = 0; i < 32 * 16; i++) {
      small.add(content(MIB / 16));
      store(small.getLast());
    }
    // every second one goes: half of the memory is free, nowhere two of them beside each other
    List<byte[]> left = new ArrayList<>();
    for (int i = 0; i < small.size(); i++) {
      if (i % 2 == 0) {
        memory.evict(List.of(Digest.sha256(small.get(i))));
      } else {
        left.add(small.get(i));
      }
    }
    assertThat(memory.usage().fragmentation()).isEqualTo(1);
    byte[] large = content(MIB);
    assertThat(store(large)).isTrue();
    assertThat(memory.usage().evicted()).isZero();
    assertThat(memory.usage().movedBytes()).isPositive();
    assertThat(asAClientReads(large)).contains(large);
    for (byte[] content : left) {
      assertThat(asAClientReads(content)).contains(content);
    }
  }

  @Test
  void memoryGoesBackToTheHostAndContentsMoveWhileThereIsRoom() throws Exception {
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      contents.add(content(MIB / 2));
      store(contents.getLast());
    }
    assertThat(memory.resize(16 * MIB)).isEqualTo(16 * MIB);
    assertThat(regions.geometry().regions()).hasSize(2);
    for (byte[] content : contents) {
      assertThat(asAClientReads(content)).contains(content);
    }
    assertThat(memory.resize(64 * MIB)).isEqualTo(64 * MIB);
    assertThat(regions.geometry().regions()).hasSize(5);
  }

  @Test
  void contentsKeepTheirLengthWhereverTheyAreMoved() throws Exception {
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      contents.add(content(MIB / 2 - 7));
      store(contents.getLast());
    }
    List<byte[]> left = contents.subList(30, 60);
    memory.evict(contents.subList(0, 30).stream().map(Digest::sha256).toList());
    memory.resize(16 * MIB);
    assertThat(memory.usage().movedBytes()).isPositive();
    for (byte[] content : left) {
      assertThat(asAClientReads(content)).contains(content);
    }
    // who suspects them is wrong
    memory.check(left.stream().map(Digest::sha256).toList());
    assertThat(memory.contents()).hasSize(30).containsValue(MIB / 2 - 7);
    assertThat(memory.evictAll().bytes()).isEqualTo(30L * (MIB / 2 - 7));
  }

  @Test
  void aFullBucketOfTheTableGivesUpItsOldest() throws Exception {
    long size = regions.find(Region.TABLE).orElseThrow().size();
    List<byte[]> crowd = new ArrayList<>();
    Span bucket = LookupTable.bucket(Digest.sha256(new byte[] {0}), size);
    for (int i = 0; crowd.size() < 10; i++) {
      byte[] content = MemorySegment.ofArray(new int[] {i}).toArray(ValueLayout.JAVA_BYTE);
      if (LookupTable.bucket(Digest.sha256(content), size).equals(bucket)) {
        crowd.add(content);
        store(content);
      }
    }
    assertThat(memory.usage().crowdedOut()).isEqualTo(2);
    assertThat(asAClientReads(crowd.get(0))).isEmpty();
    assertThat(asAClientReads(crowd.get(1))).isEmpty();
    assertThat(asAClientReads(crowd.get(2))).contains(crowd.get(2));
    assertThat(memory.usage().used()).isEqualTo(8 * 64);
  }

  @Test
  void theLookupTableOfAnyCapacityCanBeRegistered() {
    assertThat(ContentMemory.tableSize(0)).isEqualTo(2 * MIB);
    assertThat(ContentMemory.tableSize(1L << 30)).isEqualTo(16 * MIB);
    for (long gib : new long[] {64, 65, 512, 1 << 20}) {
      assertThat(ContentMemory.tableSize(gib << 30)).isEqualTo(1L << 30);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyPolicyMakesRoomAndForgetsNothingThatIsThere(PolicyKind policy) throws Exception {
    memory.close();
    memory = new ContentMemory(new SlabSource(false), regions, 32 * MIB, policy::create);
    List<Digest> digests = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      byte[] content = content(1 + random.nextInt(MIB / 2));
      digests.add(Digest.sha256(content));
      boolean unused = memory.store(digests.getLast(), MemorySegment.ofArray(content));
      memory.read(List.of(digests.get(i / 2)));
    }
    assertThat(memory.usage().evicted()).isPositive();
    for (int capacity : new int[] {32 * MIB, 16 * MIB, 48 * MIB}) {
      assertThat(memory.resize(capacity)).isEqualTo(capacity);
      assertThat(memory.usage().used()).isPositive().isLessThanOrEqualTo(capacity);
      Map<Digest, Integer> there = memory.contents();
      for (Digest digest : digests) {
        Optional<byte[]> read = asAClientReads(digest);
        assertThat(memory.contains(digest)).isEqualTo(there.containsKey(digest));
        assertThat(read.isPresent()).isEqualTo(there.containsKey(digest));
        assertThat(read.map(Digest::sha256).orElse(digest)).isEqualTo(digest);
      }
    }
    assertThat(store(content(MIB))).isTrue();
  }

  @Test
  void whatTheHostDoesNotGiveIsSaidClearly() {
    assertThatThrownBy(
            () ->
                new ContentMemory(
                    new SlabSource(true), new Regions(), 1L << 45, PolicyKind.LRU::create))
        .isInstanceOf(OutOfHostMemoryException.class)
        .hasMessageContaining("--memory");
  }

  private boolean store(byte[] content) throws WrongContentException {
    return memory.store(Digest.sha256(content), MemorySegment.ofArray(content));
  }

  private byte[] content(int length) {
    byte[] content = new byte[length];
    random.nextBytes(content);
    return content;
  }

  /** By the table, past the agent. */
  private Optional<byte[]> asAClientReads(byte[] content) {
    return asAClientReads(Digest.sha256(content));
  }

  private Optional<byte[]> asAClientReads(Digest digest) {
    Region table = regions.find(Region.TABLE).orElseThrow();
    Span bucket = LookupTable.bucket(digest, table.size());
    return LookupTable.find(
            table.memory().segment().asSlice(bucket.offset(), bucket.length()), digest)
        .map(LookupTable.Entry::where)
        .map(
            where ->
                regions
                    .find(where.region())
                    .orElseThrow()
                    .memory()
                    .segment()
                    .asSlice(where.offset(), where.length())
                    .toArray(ValueLayout.JAVA_BYTE));
  }
}
