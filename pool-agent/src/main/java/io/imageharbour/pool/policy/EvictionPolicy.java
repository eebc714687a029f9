package io.imageharbour.pool.policy;

import java.util.Optional;

/**
 * Which content is given up when the memory that holds contents is full. A policy keeps names and
 * weights, never the contents themselves: whoever holds those tells it what was stored and read,
 * and asks it for victims until there is room. Every operation takes constant time, some of them
 * only on average over many. What a policy remembers of contents that are gone is bounded by the
 * number of those that are there. Not safe for use by several threads at once.
 *
 * <p>A policy doesn't see to it that contents stay within the capacity: it may be asked for victims
 * earlier, as memory has gaps, or later. It needs the capacity for the proportions of its parts.
 *
 * @param <K> names a content; with {@code equals} and {@code hashCode}
 */
public interface EvictionPolicy<K> {

  /**
   * Takes note of a content that has just been stored. One that is there already counts as read,
   * and keeps its weight.
   *
   * @param weight in bytes, at least 1
   */
  void stored(K key, long weight);

  /**
   * Takes note of a read, whether it found the content or not. Storing is no read: who stores a
   * content because a read missed it tells of that read as well, and who stores it ahead of time
   * does not.
   */
  void read(K key);

  /** Forgets a content that went for another reason than {@link #evict}. Unknown ones are fine. */
  void removed(K key);

  /** Chooses the content to give up next, and forgets it; empty if it knows none. */
  Optional<K> evict();

  /**
   * Says how much memory there is from now on. Nothing is given up by that alone.
   *
   * @param capacity in bytes, at least 0
   */
  void resize(long capacity);
}
