package io.imageharbour.pool.policy;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What all policies have in common: contents known by name, each in one queue. Some queues hold
 * ghosts: contents that are gone, of which only name and weight are remembered.
 *
 * @param <K> names a content
 */
abstract sealed class QueuedPolicy<K> implements EvictionPolicy<K>
    permits Arc, Lru, S3Fifo, WTinyLfu {

  private final Map<K, Content<K>> known = new HashMap<>();
  private long capacity;

  QueuedPolicy(long capacity) {
    this.capacity = checked(capacity);
  }

  @Override
  public final void stored(K key, long weight) {
    if (weight < 1) {
      throw new IllegalArgumentException("a content of " + weight + " bytes");
    }
    Content<K> before = known.get(key);
    if (before != null && !isGhost(before)) {
      read(key);
      return;
    }
    Content<K> content = new Content<>(key, weight);
    known.put(key, content);
    if (before == null) {
      add(content);
    } else {
      addAgain(content, before);
      ContentQueue.take(before);
    }
  }

  @Override
  public void read(K key) {
    Content<K> content = known.get(key);
    if (content != null && !isGhost(content)) {
      touch(content);
    }
  }

  @Override
  public final void removed(K key) {
    Content<K> content = known.remove(key);
    if (content != null) {
      ContentQueue.take(content);
    }
  }

  @Override
  public final Optional<K> evict() {
    return choose().map(Content::key);
  }

  @Override
  public void resize(long capacity) {
    this.capacity = checked(capacity);
  }

  /** The memory there is, in bytes. */
  final long capacity() {
    return capacity;
  }

  /** How many contents it knows, ghosts among them. */
  final int size() {
    return known.size();
  }

  /** Whether only the name is left of a content. */
  boolean isGhost(Content<K> content) {
    return false;
  }

  /** Puts a content into a queue. */
  abstract void add(Content<K> content);

  /** Puts a content into a queue that was known as a ghost, which still lies in its own. */
  void addAgain(Content<K> content, Content<K> ghost) {
    add(content);
  }

  /** Takes note of a read of a content that is there. */
  abstract void touch(Content<K> content);

  /** Takes out the content to give up next, and forgets it or makes it a ghost. */
  abstract Optional<Content<K>> choose();

  /** Takes the oldest out of a queue and forgets it. */
  final Optional<Content<K>> forgetOldest(ContentQueue<K> queue) {
    Optional<Content<K>> oldest = queue.takeOldest();
    oldest.ifPresent(content -> known.remove(content.key()));
    return oldest;
  }

  private static long checked(long capacity) {
    if (capacity < 0) {
      throw new IllegalArgumentException("a capacity of " + capacity + " bytes");
    }
    return capacity;
  }
}
