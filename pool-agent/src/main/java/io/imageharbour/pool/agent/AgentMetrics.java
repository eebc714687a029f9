package io.imageharbour.pool.agent;

import io.imageharbour.pool.proto.StatsReply;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** The metrics of an agent: what {@code Stats} answers, in Prometheus' words. */
final class AgentMetrics {

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Supplier<StatsReply> stats;

  private AgentMetrics(Supplier<StatsReply> stats) {
    this.stats = stats;
  }

  static PrometheusRegistry of(Supplier<StatsReply> stats) {
    AgentMetrics metrics = new AgentMetrics(stats);
    metrics.add();
    return metrics.registry;
  }

  private void add() {
    gauge("capacity_bytes", "Memory that is lent.", stats -> (double) stats.getCapacity());
    gauge("used_bytes", "Memory that contents take up.", stats -> (double) stats.getUsed());
    gauge(
        "largest_free_bytes",
        "Longest run of free memory.",
        stats -> (double) stats.getLargestFree());
    gauge(
        "fragmentation_ratio",
        "Part of the free memory that can't hold the longest contents.",
        StatsReply::getFragmentation);
    gauge("contents", "Contents that are there.", stats -> (double) stats.getContents());
    gauge("sessions", "Clients that have said hello.", StatsReply::getSessions);
    gauge("staging_bytes", "Memory that clients write into.", stats -> (double) stats.getStaging());
    count("reads", "Reads that found their content.", StatsReply::getReadsReported);
    count("missed_reads", "Reads that did not.", StatsReply::getMissesReported);
    count("read_bytes", "Bytes of those reads.", StatsReply::getBytesReported);
    count("stored_contents", "Contents that clients brought.", StatsReply::getStored);
    count("wrong_contents", "Contents that failed their digest.", StatsReply::getWrong);
    count("evicted_contents", "Contents given up for others.", StatsReply::getEvicted);
    count("refused_contents", "Contents that found no room.", StatsReply::getRefused);
    count(
        "crowded_out_contents",
        "Contents given up because their bucket of the lookup table was full.",
        StatsReply::getCrowdedOut);
    count(
        "moved_bytes",
        "Bytes of contents that were moved to make room for longer ones.",
        StatsReply::getMovedBytes);
  }

  private void gauge(String name, String help, ToDoubleFunction<StatsReply> value) {
    GaugeWithCallback.builder()
        .name("harbour_agent_" + name)
        .help(help)
        .callback(callback -> callback.call(value.applyAsDouble(stats.get())))
        .register(registry);
  }

  private void count(String name, String help, ToLongFunction<StatsReply> value) {
    CounterWithCallback.builder()
        .name("harbour_agent_" + name + "_total")
        .help(help)
        .callback(callback -> callback.call(value.applyAsLong(stats.get())))
        .register(registry);
  }
}
