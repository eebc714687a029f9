package io.imageharbour.pool.policy;

import org.jspecify.annotations.Nullable;

/**
 * A content that a policy knows, and its place in one of the policy's queues.
 *
 * @param <K> names a content
 */
final class Content<K> {

  private final K key;
  private final long weight;

  /** Reads that the policy still counts for it. */
  int reads;

  // kept by the queue that it is in
  @Nullable ContentQueue<K> queue;
  @Nullable Content<K> newer;
  @Nullable Content<K> older;

  Content(K key, long weight) {
    this.key = key;
    this.weight = weight;
  }

  K key() {
    return key;
  }

  /** In bytes. */
  long weight() {
    return weight;
  }
}
