package io.imageharbour.pool.policy;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Contents in the order in which they were put here, and their weight.
 *
 * @param <K> names a content
 */
final class ContentQueue<K> {

  private @Nullable Content<K> newest;
  private @Nullable Content<K> oldest;
  private int size;
  private long weight;

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** In bytes. */
  long weight() {
    return weight;
  }

  boolean holds(Content<K> content) {
    return content.queue == this;
  }

  /** Puts a content at the newer end, and takes it out of the queue that it was in. */
  void put(Content<K> content) {
    take(content);
    Content<K> second = newest;
    content.queue = this;
    content.older = second;
    if (second == null) {
      oldest = content;
    } else {
      second.newer = content;
    }
    newest = content;
    size++;
    weight += content.weight();
  }

  Optional<Content<K>> oldest() {
    return Optional.ofNullable(oldest);
  }

  /** Takes out the one that has been here for longest. */
  Optional<Content<K>> takeOldest() {
    Optional<Content<K>> taken = oldest();
    taken.ifPresent(ContentQueue::take);
    return taken;
  }

  /** Takes a content out of the queue that it is in, if any. */
  static <K> void take(Content<K> content) {
    ContentQueue<K> queue = content.queue;
    if (queue == null) {
      return;
    }
    Content<K> newer = content.newer;
    Content<K> older = content.older;
    if (newer == null) {
      queue.newest = older;
    } else {
      newer.older = older;
    }
    if (older == null) {
      queue.oldest = newer;
    } else {
      older.newer = newer;
    }
    content.queue = null;
    content.newer = null;
    content.older = null;
    queue.size--;
    queue.weight -= content.weight();
  }
}
