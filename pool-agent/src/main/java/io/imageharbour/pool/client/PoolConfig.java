package io.imageharbour.pool.client;

import java.time.Duration;

/**
 * How a client uses the pool. Immutable.
 *
 * @param replicas agents that keep each content; 1 to 8
 * @param readTimeout after so long a read of one agent has failed
 * @param callTimeout after so long a call of an agent's gRPC service has failed
 * @param reportInterval so often agents are told what was read, and asked whether they have changed
 */
public record PoolConfig(
    int replicas, Duration readTimeout, Duration callTimeout, Duration reportInterval) {

  /** The defaults: one copy, 1 s, 5 s, 1 s. */
  public static final PoolConfig DEFAULT =
      new PoolConfig(1, Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(1));

  public PoolConfig {
    if (replicas < 1 || replicas > 8) {
      throw new IllegalArgumentException("replicas is " + replicas + ", not 1 to 8");
    }
  }
}
