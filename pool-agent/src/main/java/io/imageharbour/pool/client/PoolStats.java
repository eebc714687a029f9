package io.imageharbour.pool.client;

import java.util.List;
import java.util.Optional;

/**
 * What a client of the pool did since it began.
 *
 * @param agents each agent that it knows
 * @param stale whether the list of agents may be out of date
 * @param offered contents that were offered to the pool
 * @param stored those of them that agents took
 * @param dropped those of them that were not brought: too much was under way, or an agent failed
 */
public record PoolStats(
    List<Agent> agents, boolean stale, long offered, long stored, long dropped) {

  public PoolStats {
    agents = List.copyOf(agents);
  }

  /**
   * What it did with one agent.
   *
   * @param transport in use; empty if it is not connected
   * @param hits contents that were read
   * @param misses contents that the agent did not have
   * @param wrong contents that were something else
   * @param failures reads that failed
   * @param bytes that were read, of hits
   */
  public record Agent(
      String id,
      Optional<String> transport,
      long hits,
      long misses,
      long wrong,
      long failures,
      long bytes) {}
}
