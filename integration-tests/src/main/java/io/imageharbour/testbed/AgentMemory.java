package io.imageharbour.testbed;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.LookupTable.Entry;
import io.imageharbour.pool.memory.Span;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The memory that an agent lends, damaged from outside while the agent runs, as a failing machine
 * would. Belongs to one thread, and to be closed before the agent gives memory back or takes more.
 */
public final class AgentMemory implements AutoCloseable {

  private static final int ENTRY = 64;

  private final FileChannel memory;
  private final Mapping table;
  private final List<Mapping> slabs;

  /** Which slab has which number is not told outside the agent. */
  private final Map<Integer, Mapping> regions = new HashMap<>();

  /** A part of the agent's address space: the memory of one region. */
  private record Mapping(long address, long length) {

    /** A line of {@code /proc/PID/maps}. */
    static Mapping of(String line) {
      String[] range = line.substring(0, line.indexOf(' ')).split("-", 2);
      long begin = Long.parseUnsignedLong(range[0], 16);
      return new Mapping(begin, Long.parseUnsignedLong(range[1], 16) - begin);
    }
  }

  private AgentMemory(FileChannel memory, Mapping table, List<Mapping> slabs) {
    this.memory = memory;
    this.table = table;
    this.slabs = slabs;
  }

  /** The memory of an agent that runs. */
  public static AgentMemory of(AgentProcess agent) throws IOException {
    Path process = Path.of("/proc", Long.toString(agent.process().pid()));
    List<Mapping> tables = mappings(process, "/memfd:harbour-table");
    if (tables.size() != 1) {
      throw new HarbourException("the agent maps " + tables.size() + " lookup tables");
    }
    return new AgentMemory(
        FileChannel.open(process.resolve("mem"), StandardOpenOption.READ, StandardOpenOption.WRITE),
        tables.getFirst(),
        mappings(process, "/memfd:harbour-slab"));
  }

  /**
   * Changes a bit of a content that is right until then.
   *
   * @return whether it is there
   */
  public boolean flipBit(Digest content) throws IOException {
    Optional<Entry> entry = LookupTable.find(MemorySegment.ofArray(bucket(content)), content);
    if (entry.isEmpty()) {
      return false;
    }
    Span where = entry.get().where();
    flip(slab(content, where).address() + where.offset() + where.length() / 2, 0);
    return true;
  }

  /**
   * Changes a bit of a content's entry in the lookup table.
   *
   * @param bit behind the digest: from 256 to 511
   * @return whether it is there
   */
  public boolean flipBitOfEntry(Digest content, int bit) throws IOException {
    byte[] bucket = bucket(content);
    for (int at = 0; at < bucket.length; at += ENTRY) {
      MemorySegment entry = MemorySegment.ofArray(bucket).asSlice(at, Digest.BYTES);
      if (entry.mismatch(MemorySegment.ofArray(content.toBytes())) < 0) {
        flip(table.address() + span(content).offset() + at + bit / 8, bit % 8);
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    memory.close();
  }

  private Mapping slab(Digest content, Span where) throws IOException {
    Mapping known = regions.get(where.region());
    if (known != null) {
      return known;
    }
    for (Mapping slab : slabs) {
      if (where.isWithin(slab.length())
          && Digest.sha256(read(slab.address() + where.offset(), where.length())).equals(content)) {
        regions.put(where.region(), slab);
        return slab;
      }
    }
    throw new HarbourException("no memory of the agent has " + content + " where it should be");
  }

  private Span span(Digest content) {
    return LookupTable.bucket(content, table.length());
  }

  private byte[] bucket(Digest content) throws IOException {
    return read(table.address() + span(content).offset(), LookupTable.BUCKET);
  }

  private void flip(long address, int bit) throws IOException {
    byte[] old = read(address, 1);
    ByteBuffer changed = ByteBuffer.wrap(new byte[] {(byte) (old[0] ^ 1 << bit)});
    if (memory.write(changed, address) != 1) {
      throw new HarbourException("cannot write into the agent's memory");
    }
  }

  private byte[] read(long address, int length) throws IOException {
    byte[] bytes = new byte[length];
    if (memory.read(ByteBuffer.wrap(bytes), address) != length) {
      throw new HarbourException("cannot read the agent's memory");
    }
    return bytes;
  }

  private static List<Mapping> mappings(Path process, String name) throws IOException {
    return Files.readAllLines(process.resolve("maps")).stream()
        .filter(line -> line.contains(name))
        .map(Mapping::of)
        .toList();
  }
}
