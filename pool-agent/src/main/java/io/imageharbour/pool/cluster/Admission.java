package io.imageharbour.pool.cluster;

import io.imageharbour.indexer.Digest;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which images a full pool takes contents of, as a leader has decided.
 *
 * @param term in which the leader led, 1 or more
 * @param leader the agent's id
 * @param epochSecond when, in seconds since 1970, by the leader's clock
 * @param images digests of their manifests; at most {@link #MAX_IMAGES}
 */
public record Admission(long term, String leader, long epochSecond, Set<Digest> images) {

  /** The most images. */
  public static final int MAX_IMAGES = 1000;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left; the message says which
   */
  public Admission {
    images = Collections.unmodifiableSet(new TreeSet<>(images));
    if (term < 1 || !AgentAddress.isId(leader) || epochSecond < 0) {
      throw new IllegalArgumentException("an admission needs a term, a leader and a time");
    }
    if (images.size() > MAX_IMAGES) {
      throw new IllegalArgumentException(
          images.size() + " images are more than the " + MAX_IMAGES + " that are admitted at most");
    }
  }
}
