package io.imageharbour.pool.policy;

import java.util.Optional;

/**
 * Three queues, of which a small one filters what is read only once. A read moves nothing.
 *
 * <p>Source: Yang, Zhang, Qiu, Yue, Vigfusson: FIFO queues are all you need for cache eviction,
 * SOSP 2023; S, M and G are the paper's names. What differs: lengths are in bytes.
 *
 * @param <K> names a content
 */
final class S3Fifo<K> extends QueuedPolicy<K> {

  private static final int SMALL_SHARE = 10;
  private static final int MOST_READS = 3;

  /** As many reads while in the small queue keep a content. */
  private static final int READS_TO_STAY = 2;

  /** New contents, a tenth of the capacity [S]. */
  private final ContentQueue<K> small = new ContentQueue<>();

  /** Contents that were read several times, or are back again [M]. */
  private final ContentQueue<K> main = new ContentQueue<>();

  /** Names of contents that went from the small queue, for as many bytes as the main has [G]. */
  private final ContentQueue<K> ghosts = new ContentQueue<>();

  S3Fifo(long capacity) {
    super(capacity);
  }

  @Override
  public void resize(long capacity) {
    super.resize(capacity);
    trim();
  }

  @Override
  boolean isGhost(Content<K> content) {
    return ghosts.holds(content);
  }

  @Override
  void add(Content<K> content) {
    small.put(content);
  }

  @Override
  void addAgain(Content<K> content, Content<K> ghost) {
    main.put(content);
  }

  @Override
  void touch(Content<K> content) {
    content.reads = Math.min(MOST_READS, content.reads + 1);
  }

  @Override
  Optional<Content<K>> choose() {
    Optional<Content<K>> victim = Optional.empty();
    if (small.weight() >= smallCapacity() || main.isEmpty()) {
      victim = chooseFromSmall();
    }
    if (victim.isEmpty()) {
      victim = chooseFromMain();
    }
    trim();
    return victim;
  }

  private Optional<Content<K>> chooseFromSmall() {
    Optional<Content<K>> oldest = small.oldest();
    while (oldest.isPresent() && oldest.get().reads >= READS_TO_STAY) {
      oldest.get().reads = 0;
      main.put(oldest.get());
      oldest = small.oldest();
    }
    oldest.ifPresent(ghosts::put);
    return oldest;
  }

  private Optional<Content<K>> chooseFromMain() {
    Optional<Content<K>> oldest = main.oldest();
    while (oldest.isPresent() && oldest.get().reads > 0) {
      oldest.get().reads--;
      main.put(oldest.get());
      oldest = main.oldest();
    }
    return forgetOldest(main);
  }

  /** There are no more ghosts than contents, however tiny they are. */
  private void trim() {
    while (!ghosts.isEmpty()
        && (ghosts.weight() > capacity() - smallCapacity()
            || ghosts.size() > small.size() + main.size())) {
      forgetOldest(ghosts);
    }
  }

  private long smallCapacity() {
    return capacity() / SMALL_SHARE;
  }
}
