package io.imageharbour.pool.policy;

import java.util.Optional;

/**
 * Gives up the content that was not read for longest.
 *
 * @param <K> names a content
 */
final class Lru<K> extends QueuedPolicy<K> {

  private final ContentQueue<K> byLastRead = new ContentQueue<>();

  Lru(long capacity) {
    super(capacity);
  }

  @Override
  void add(Content<K> content) {
    byLastRead.put(content);
  }

  @Override
  void touch(Content<K> content) {
    byLastRead.put(content);
  }

  @Override
  Optional<Content<K>> choose() {
    return forgetOldest(byLastRead);
  }
}
