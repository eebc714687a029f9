package io.imageharbour.pool.control;

import io.imageharbour.indexer.registry.RegistrySettings;
import java.time.Duration;
import java.util.Set;

/**
 * How an agent takes part in deciding what the pool keeps.
 *
 * @param preloadFrom registries, {@code host} or {@code host:port}, whose popular images it brings
 *     into the pool while it leads; empty: none
 * @param replicas agents that keep each content, as nodes have it configured; 1 to 8
 * @param interval so often it looks, while it leads; 1 s to 1 h
 * @param registry how it reaches the registries that it loads images from
 */
public record ControlConfig(
    Set<String> preloadFrom, int replicas, Duration interval, RegistrySettings registry) {

  /** How often a leader looks where the configuration doesn't say. */
  public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(15);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left
   */
  public ControlConfig {
    preloadFrom = Set.copyOf(preloadFrom);
    if (replicas < 1 || replicas > 8) {
      throw new IllegalArgumentException("replicas is " + replicas + ", not 1 to 8");
    }
    if (interval.toSeconds() < 1 || interval.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException("an interval is 1 s to 1 h, not " + interval);
    }
  }

  /** What holds if nothing is configured. */
  public static ControlConfig defaults() {
    return new ControlConfig(Set.of(), 1, DEFAULT_INTERVAL, RegistrySettings.defaults());
  }
}
