package io.imageharbour.pool.control;

import io.imageharbour.pool.cluster.CatalogImage;

/**
 * An image of the catalog at one moment.
 *
 * @param frequency starts, the older the less they count
 * @param missed how much of it was not in the pool, in sizes of the image, counted in the same way
 * @param admitted whether a full pool takes its contents
 */
record RankedImage(CatalogImage image, double frequency, double missed, boolean admitted) {

  /**
   * How much it is asked for: every start counts 1, and so does a whole image's worth of misses.
   */
  double demand() {
    return frequency + missed;
  }

  RankedImage withAdmitted(boolean now) {
    return new RankedImage(image, frequency, missed, now);
  }
}
