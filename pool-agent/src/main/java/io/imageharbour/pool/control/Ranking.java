package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.Admission;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decides which images a pool keeps: the most popular ones that fit. By popularity and not by
 * popularity for each byte, because a container reads a small part of its image: the size of an
 * image says little of what it costs the pool, and a large image that everybody starts is worth its
 * room.
 *
 * <p>An image that is admitted counts {@link #LOYALTY} times, so that two of about the same
 * popularity don't take turns.
 */
final class Ranking {

  /** An image with less demand is as good as forgotten. */
  static final double FADED = 0.01;

  /** The most images that the catalog keeps in the long run. */
  static final int MOST_KEPT = 10_000;

  static final double LOYALTY = 1.25;

  private static final Comparator<RankedImage> BY_DEMAND =
      Comparator.comparingDouble(RankedImage::demand)
          .reversed()
          .thenComparing(ranked -> ranked.image().id());

  private Ranking() {}

  /**
   * The images in the order of their popularity, and which of them are admitted.
   *
   * @param images with {@link RankedImage#admitted} as it is now
   * @param capacity bytes that the pool can hold
   */
  static List<RankedImage> of(List<RankedImage> images, long capacity) {
    Set<Digest> admitted = new HashSet<>();
    long room = capacity;
    for (RankedImage ranked : images.stream().sorted(byLoyalDemand()).toList()) {
      long size = ranked.image().sizeBytes();
      if (admitted.size() < Admission.MAX_IMAGES
          && size > 0
          && size <= room
          && ranked.demand() >= FADED) {
        admitted.add(ranked.image().id());
        room -= size;
      }
    }
    List<RankedImage> order = new ArrayList<>(images.size());
    images.stream()
        .sorted(BY_DEMAND)
        .forEach(ranked -> order.add(ranked.withAdmitted(admitted.contains(ranked.image().id()))));
    return order;
  }

  /** Those that the catalog need not keep, the least popular first. */
  static List<RankedImage> forgettable(List<RankedImage> order) {
    List<RankedImage> some = new ArrayList<>();
    for (int i = order.size() - 1; i >= 0; i--) {
      if (i < MOST_KEPT && order.get(i).demand() >= FADED) {
        break;
      }
      some.add(order.get(i));
    }
    return some;
  }

  private static Comparator<RankedImage> byLoyalDemand() {
    return Comparator.<RankedImage>comparingDouble(
            ranked -> ranked.demand() * (ranked.admitted() ? LOYALTY : 1))
        .reversed()
        .thenComparing(ranked -> ranked.image().id());
  }
}
