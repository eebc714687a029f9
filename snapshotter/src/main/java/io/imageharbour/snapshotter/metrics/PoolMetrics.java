package io.imageharbour.snapshotter.metrics;

import io.imageharbour.pool.client.PoolStats;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The metrics of a node's use of the pool. */
final class PoolMetrics {

  private final Supplier<PoolStats> stats;
  private final PrometheusRegistry registry;

  private PoolMetrics(Supplier<PoolStats> stats, PrometheusRegistry registry) {
    this.stats = stats;
    this.registry = registry;
  }

  static void add(Supplier<PoolStats> stats, PrometheusRegistry registry) {
    PoolMetrics metrics = new PoolMetrics(stats, registry);
    metrics.addAgents();
    metrics.addOffers();
  }

  private void addAgents() {
    GaugeWithCallback.builder()
        .name("harbour_pool_connected")
        .help("Whether the memory of an agent can be read.")
        .labelNames("agent")
        .callback(
            callback ->
                stats
                    .get()
                    .agents()
                    .forEach(
                        agent -> callback.call(agent.transport().isPresent() ? 1 : 0, agent.id())))
        .register(registry);
    GaugeWithCallback.builder()
        .name("harbour_pool_stale")
        .help("Whether the list of agents may be out of date.")
        .callback(callback -> callback.call(stats.get().stale() ? 1 : 0))
        .register(registry);
    agent("hits", "Contents read from an agent.", PoolStats.Agent::hits);
    agent("misses", "Contents that an agent did not have.", PoolStats.Agent::misses);
    agent("wrong", "Contents of an agent that failed their digest.", PoolStats.Agent::wrong);
    agent("failures", "Reads of an agent that failed.", PoolStats.Agent::failures);
    agent("read_bytes", "Bytes read from an agent.", PoolStats.Agent::bytes);
  }

  private void addOffers() {
    offers("offered", "Contents offered to the pool.", PoolStats::offered);
    offers("stored", "Contents offered that agents took.", PoolStats::stored);
    offers("dropped", "Contents offered that were not brought.", PoolStats::dropped);
  }

  private void agent(String name, String help, ToLongFunction<PoolStats.Agent> value) {
    CounterWithCallback.builder()
        .name("harbour_pool_" + name + "_total")
        .help(help)
        .labelNames("agent")
        .callback(
            callback ->
                stats
                    .get()
                    .agents()
                    .forEach(agent -> callback.call(value.applyAsLong(agent), agent.id())))
        .register(registry);
  }

  private void offers(String name, String help, ToLongFunction<PoolStats> value) {
    CounterWithCallback.builder()
        .name("harbour_pool_" + name + "_contents_total")
        .help(help)
        .callback(callback -> callback.call(value.applyAsLong(stats.get())))
        .register(registry);
  }
}
