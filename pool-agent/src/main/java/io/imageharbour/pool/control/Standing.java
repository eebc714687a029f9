package io.imageharbour.pool.control;

import java.util.List;

/**
 * What a leader found and decided in one round.
 *
 * @param images the most popular ones, in their order
 * @param known images in the catalog
 * @param admitted images that are admitted
 * @param at when, as {@link System#nanoTime} counts
 */
record Standing(List<RankedImage> images, int known, int admitted, long at) {

  /** The most images that are kept of a round. */
  static final int MOST = 1000;

  Standing {
    images = List.copyOf(images);
  }
}
