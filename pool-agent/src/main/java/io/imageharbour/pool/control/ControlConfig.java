package io.imageharbour.pool.control;

import io.imageharbour.indexer.registry.RegistrySettings;
import java.time.Duration;

/**
 * How an agent takes part in deciding what the pool keeps.
 *
 * @param preload whether, while it leads, it brings popular images into the pool
 * @param replicas agents that keep each content, as nodes have it configured; 1 to 8
 * @param interval so often it looks, while it leads; 1 s to 1 h
 * @param registry how it reaches the registries that it loads images from
 */
public record ControlConfig(
    boolean preload, int replicas, Duration interval, RegistrySettings registry) {

  /** How often a leader looks where the configuration doesn't say. */
  public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(15);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left
   */
  public ControlConfig {
    if (replicas < 1 || replicas > 8) {
      throw new IllegalArgumentException("replicas is " + replicas + ", not 1 to 8");
    }
    if (interval.toSeconds() < 1 || interval.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException("an interval is 1 s to 1 h, not " + interval);
    }
  }

  /** What holds if nothing is configured. */
  public static ControlConfig defaults() {
    return new ControlConfig(true, 1, DEFAULT_INTERVAL, RegistrySettings.defaults());
  }
}
