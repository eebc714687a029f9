package io.imageharbour.pool.policy;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;

/**
 * Plays reads to a policy as if there were memory without gaps, and counts what it would have held.
 * Every content that a read misses is stored.
 */
public final class PolicySimulation {

  private PolicySimulation() {}

  /**
   * A read of a whole content.
   *
   * @param weight of the content in bytes, at least 1 and the same each time
   */
  public record Read<K>(K key, long weight) {}

  /**
   * What came of it.
   *
   * @param reads all reads
   * @param hits those that found the content
   * @param bytes of all reads
   * @param hitBytes of those that found the content
   */
  public record Result(long reads, long hits, long bytes, long hitBytes) {

    /** The share of reads that found the content, 0 to 1; 0 without any. */
    public double hitRatio() {
      return reads == 0 ? 0 : (double) hits / reads;
    }

    /** The share of bytes that were found, 0 to 1; 0 without any. */
    public double byteHitRatio() {
      return bytes == 0 ? 0 : (double) hitBytes / bytes;
    }
  }

  /**
   * Plays a trace.
   *
   * @param policy one that knows no contents yet, of the same capacity
   * @param capacity in bytes; contents that are longer are never stored
   */
  public static <K> Result run(EvictionPolicy<K> policy, long capacity, Iterable<Read<K>> trace) {
    Map<K, Long> stored = new HashMap<>();
    long used = 0;
    long reads = 0;
    long hits = 0;
    long bytes = 0;
    long hitBytes = 0;
    for (Read<K> read : trace) {
      reads++;
      bytes += read.weight();
      policy.read(read.key());
      if (stored.containsKey(read.key())) {
        hits++;
        hitBytes += read.weight();
      } else if (read.weight() <= capacity) {
        while (used + read.weight() > capacity) {
          K victim = policy.evict().orElseThrow();
          used -= requireNonNull(stored.remove(victim));
        }
        stored.put(read.key(), read.weight());
        used += read.weight();
        policy.stored(read.key(), read.weight());
      }
    }
    return new Result(reads, hits, bytes, hitBytes);
  }
}
