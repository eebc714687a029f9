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

  /** With the usual times for calls and reports. */
  public static PoolConfig of(int replicas, Duration readTimeout) {
    return new PoolConfig(replicas, readTimeout, Duration.ofSeconds(5), Duration.ofSeconds(1));
  }

  public PoolConfig {
    if (replicas < 1 || replicas > 8) {
      throw new IllegalArgumentException("replicas is " + replicas + ", not 1 to 8");
    }
  }
}
