package io.imageharbour.pool.policy;

import java.util.Optional;

/**
 * Divides the memory between what was read once and what was read again, and learns from what it
 * gave up wrongly how much each of them is worth.
 *
 * <p>Source: Megiddo, Modha: ARC, a self-tuning, low overhead replacement cache, FAST 2003; the
 * names in brackets are those of the paper. What differs: lengths are in bytes, and a ghost that
 * comes back moves the target by its own weight; and since victims are asked for before it is known
 * what they make room for, the target moves just after the eviction that it would have decided.
 *
 * @param <K> names a content
 */
final class Arc<K> extends QueuedPolicy<K> {

  /** Stored and not read since [T1]. */
  private final ContentQueue<K> once = new ContentQueue<>();

  /** Read since, or back again [T2]. */
  private final ContentQueue<K> often = new ContentQueue<>();

  /** Ghosts of the one [B1], and of the other [B2]. */
  private final ContentQueue<K> onceGhosts = new ContentQueue<>();

  private final ContentQueue<K> oftenGhosts = new ContentQueue<>();

  /** What the contents read once should weigh, in bytes [p]. */
  private long target;

  Arc(long capacity) {
    super(capacity);
  }

  @Override
  public void resize(long capacity) {
    super.resize(capacity);
    target = Math.min(target, capacity);
    trim();
  }

  long target() {
    return target;
  }

  @Override
  boolean isGhost(Content<K> content) {
    return onceGhosts.holds(content) || oftenGhosts.holds(content);
  }

  @Override
  void add(Content<K> content) {
    once.put(content);
    trim();
  }

  @Override
  void addAgain(Content<K> content, Content<K> ghost) {
    double step = ghost.weight();
    if (onceGhosts.holds(ghost)) {
      step *= Math.max(1, (double) oftenGhosts.weight() / onceGhosts.weight());
      target = (long) Math.min((double) capacity(), target + step);
    } else {
      step *= Math.max(1, (double) onceGhosts.weight() / oftenGhosts.weight());
      target = (long) Math.max(0, target - step);
    }
    often.put(content);
  }

  @Override
  void touch(Content<K> content) {
    often.put(content);
  }

  @Override
  Optional<Content<K>> choose() {
    boolean fromOnce = !once.isEmpty() && (once.weight() > target || often.isEmpty());
    Optional<Content<K>> victim = (fromOnce ? once : often).oldest();
    victim.ifPresent(fromOnce ? onceGhosts::put : oftenGhosts::put);
    trim();
    return victim;
  }

  /**
   * With their ghosts, contents read once weigh no more than the capacity, and all of them twice
   * that. Of each kind there are no more ghosts than there are contents, however tiny they are.
   */
  private void trim() {
    int contents = once.size() + often.size();
    while (!onceGhosts.isEmpty()
        && (once.weight() + onceGhosts.weight() > capacity() || onceGhosts.size() > contents)) {
      forgetOldest(onceGhosts);
    }
    long others = once.weight() + often.weight() + onceGhosts.weight();
    while (!oftenGhosts.isEmpty()
        && (others + oftenGhosts.weight() > 2 * capacity() || oftenGhosts.size() > contents)) {
      forgetOldest(oftenGhosts);
    }
  }
}
