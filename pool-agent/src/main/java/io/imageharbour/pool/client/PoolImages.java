package io.imageharbour.pool.client;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What an agent says of the images that the pool knows.
 *
 * @param etcd whether it has etcd, so that some agent should lead
 * @param leader the id of the agent that leads, as far as this one knows
 * @param found what the agent found when it last looked; empty if it does not lead
 */
public record PoolImages(boolean etcd, Optional<String> leader, Optional<Found> found) {

  /**
   * What a leader found.
   *
   * @param age since it looked
   * @param known images in the catalog
   * @param admitted of which a full agent takes contents
   * @param halfLife after so long starts and misses count half
   * @param images the most popular ones, in their order
   */
  public record Found(
      Duration age, long known, long admitted, Duration halfLife, List<Image> images) {
    public Found {
      images = List.copyOf(images);
    }
  }

  /**
   * An image.
   *
   * @param id digest of its manifest
   * @param name what it is called
   * @param size of its contents in bytes; 0 if it is not known
   * @param files that it has
   * @param frequency starts, the older the less they count
   * @param missed how much of it was not in the pool, in sizes of the image, counted in the same
   *     way
   * @param admitted whether a full agent takes its contents
   * @param agents bytes of it that each agent had when the leader looked; empty if it never did
   */
  public record Image(
      Digest id,
      String name,
      long size,
      long files,
      double frequency,
      double missed,
      boolean admitted,
      Map<String, Long> agents) {
    public Image {
      agents = Collections.unmodifiableMap(new TreeMap<>(agents));
    }
  }
}
