package io.imageharbour.pool.policy;

import java.util.Optional;

/**
 * Which content is given up when the memory that holds contents is full. A policy keeps names and
 * weights, never the contents themselves: whoever holds those tells it what was stored and read,
 * and asks it for victims until there is room. Not safe for use by several threads at once.
 *
 * @param <K> names a content; with {@code equals} and {@code hashCode}
 */
public interface EvictionPolicy<K> {

  /**
   * Takes note of a content that has just been stored. One that is there already counts as read.
   *
   * @param weight in bytes, at least 1
   */
  void stored(K key, long weight);

  /** Takes note of a read, whether it found the content or not. */
  void read(K key);

  /** Forgets a content that went for another reason than {@link #evict}. Unknown ones are fine. */
  void removed(K key);

  /** Chooses the content to give up next, and forgets it; empty if it knows none. */
  Optional<K> evict();
}
