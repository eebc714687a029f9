package io.imageharbour.pool.policy;

import java.util.Optional;

/**
 * Keeps what was read most often lately: a new content passes through a small window, and then
 * stays only if it was read more often than the one that it would replace.
 *
 * <p>Source: Einziger, Friedman, Manes: TinyLFU, a highly efficient cache admission policy, ACM TOS
 * 2017, with the shares of its W-TinyLFU: a window of 1 % and a segmented LRU of which 80 % are
 * protected. What differs: lengths are in bytes, and the competition takes place when a victim is
 * asked for. Until then contents go from the window to the main part only as long as that has room.
 *
 * @param <K> names a content
 */
final class WTinyLfu<K> extends QueuedPolicy<K> {

  private static final int WINDOW_SHARE = 100;

  private final ContentQueue<K> window = new ContentQueue<>();

  /** The main part: what came out of the window, and what was read since. */
  private final ContentQueue<K> probation = new ContentQueue<>();

  private final ContentQueue<K> guarded = new ContentQueue<>();

  private final FrequencySketch sketch = new FrequencySketch();

  /** What all contents weighed when memory was last full, in bytes; until then the capacity. */
  private long full;

  /** What was given up since a content was stored: the next one weighs at least about that. */
  private long freed;

  WTinyLfu(long capacity) {
    super(capacity);
    full = capacity;
  }

  @Override
  public void resize(long capacity) {
    super.resize(capacity);
    full = capacity;
    fillMain();
    demote();
  }

  @Override
  public void read(K key) {
    sketch.see(key);
    super.read(key);
  }

  FrequencySketch sketch() {
    return sketch;
  }

  @Override
  void add(Content<K> content) {
    freed = 0;
    sketch.grow(size());
    window.put(content);
    fillMain();
  }

  @Override
  void touch(Content<K> content) {
    if (window.holds(content)) {
      window.put(content);
    } else {
      guarded.put(content);
      demote();
    }
  }

  @Override
  Optional<Content<K>> choose() {
    full = Math.min(capacity(), window.weight() + mainWeight() + freed);
    Optional<Content<K>> victim = forgetOldest(loser());
    victim.ifPresent(content -> freed += content.weight());
    return victim;
  }

  /** The queue whose oldest content has to go. A winner goes from the window to the main part. */
  private ContentQueue<K> loser() {
    ContentQueue<K> main = probation.isEmpty() ? guarded : probation;
    Optional<Content<K>> candidate = window.oldest();
    Optional<Content<K>> victim = main.oldest();
    if (victim.isEmpty()) {
      return window;
    }
    // with what comes next, the window is too long
    if (candidate.isEmpty() || window.weight() + freed < windowCapacity()) {
      return main;
    }
    if (sketch.frequency(candidate.get().key()) <= sketch.frequency(victim.get().key())) {
      return window;
    }
    probation.put(candidate.get());
    return main;
  }

  private void fillMain() {
    Optional<Content<K>> oldest = window.oldest();
    while (window.weight() > windowCapacity()
        && mainWeight() + oldest.orElseThrow().weight() <= mainCapacity()) {
      probation.put(oldest.orElseThrow());
      oldest = window.oldest();
    }
  }

  private void demote() {
    while (guarded.weight() > mainCapacity() / 5 * 4) {
      probation.put(guarded.oldest().orElseThrow());
    }
  }

  private long mainWeight() {
    return probation.weight() + guarded.weight();
  }

  private long windowCapacity() {
    return full / WINDOW_SHARE;
  }

  private long mainCapacity() {
    return full - windowCapacity();
  }
}
