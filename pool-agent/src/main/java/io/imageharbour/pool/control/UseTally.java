package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.ImageUse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adds up what nodes tell of images until it is written down. Bounded: of more images than {@link
 * #MOST} at once, those that came last are dropped. Safe for use by several threads.
 */
final class UseTally {

  /** The most images that wait. */
  static final int MOST = 10_000;

  private final Map<Digest, ImageUse> waiting = new LinkedHashMap<>();
  private long dropped;

  synchronized void add(ImageUse use) {
    if (waiting.containsKey(use.image()) || waiting.size() < MOST) {
      waiting.merge(use.image(), use, ImageUse::plus);
    } else {
      dropped++;
    }
  }

  /** Takes note of a use that could not be written down and never will be. */
  synchronized void drop() {
    dropped++;
  }

  /** Takes all that wait, one for each image. */
  synchronized List<ImageUse> drain() {
    List<ImageUse> all = new ArrayList<>(waiting.values());
    waiting.clear();
    return all;
  }

  synchronized long dropped() {
    return dropped;
  }
}
