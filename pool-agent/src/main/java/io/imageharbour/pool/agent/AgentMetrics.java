package io.imageharbour.pool.agent;

import io.imageharbour.pool.control.ControlStats;
import io.imageharbour.pool.proto.StatsReply;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * The metrics of an agent: what {@code Stats} answers, and what its control plane did, in
 * Prometheus' words.
 */
final class AgentMetrics {

  private final PrometheusRegistry registry = new PrometheusRegistry();

  private AgentMetrics() {}

  static PrometheusRegistry of(Supplier<StatsReply> stats, Supplier<ControlStats> control) {
    AgentMetrics metrics = new AgentMetrics();
    metrics.add(stats);
    metrics.addControl(control);
    return metrics.registry;
  }

  private void add(Supplier<StatsReply> all) {
    gauge(all, "capacity_bytes", "Memory that is lent.", stats -> (double) stats.getCapacity());
    gauge(all, "used_bytes", "Memory that contents take up.", stats -> (double) stats.getUsed());
    gauge(
        all,
        "largest_free_bytes",
        "Longest run of free memory.",
        stats -> (double) stats.getLargestFree());
    gauge(
        all,
        "fragmentation_ratio",
        "Part of the free memory that can't hold the longest contents.",
        StatsReply::getFragmentation);
    gauge(all, "contents", "Contents that are there.", stats -> (double) stats.getContents());
    gauge(all, "sessions", "Clients that have said hello.", StatsReply::getSessions);
    gauge(
        all,
        "staging_bytes",
        "Memory that clients write into.",
        stats -> (double) stats.getStaging());
    count(all, "reads", "Reads that found their content.", StatsReply::getReadsReported);
    count(all, "missed_reads", "Reads that did not.", StatsReply::getMissesReported);
    count(all, "read_bytes", "Bytes of those reads.", StatsReply::getBytesReported);
    count(all, "stored_contents", "Contents that clients brought.", StatsReply::getStored);
    count(all, "wrong_contents", "Contents that failed their digest.", StatsReply::getWrong);
    count(all, "evicted_contents", "Contents given up for others.", StatsReply::getEvicted);
    count(all, "refused_contents", "Contents that found no room.", StatsReply::getRefused);
    count(
        all,
        "crowded_out_contents",
        "Contents given up because their bucket of the lookup table was full.",
        StatsReply::getCrowdedOut);
    count(
        all,
        "moved_bytes",
        "Bytes of contents that were moved to make room for longer ones.",
        StatsReply::getMovedBytes);
  }

  private void addControl(Supplier<ControlStats> all) {
    gauge(all, "leading", "1 if this agent leads.", control -> control.leading() ? 1 : 0);
    gauge(all, "known_images", "Images in the catalog, if this agent leads.", ControlStats::known);
    gauge(
        all,
        "admitted_images",
        "Images of which a full agent takes contents.",
        ControlStats::admitted);
    count(all, "preloads", "Images that it loaded while it led.", ControlStats::preloads);
    count(
        all,
        "failed_preloads",
        "Images that it could not look at, or not load.",
        ControlStats::failedPreloads);
    count(
        all,
        "preloaded_bytes",
        "Bytes that it fetched from registries to load images.",
        ControlStats::preloadedBytes);
    count(
        all,
        "unadmitted_contents",
        "Contents refused because their image is not admitted.",
        ControlStats::unadmitted);
    count(
        all,
        "dropped_uses",
        "Uses of images that nodes told of and that were not counted.",
        ControlStats::droppedUses);
  }

  private <T> void gauge(Supplier<T> stats, String name, String help, ToDoubleFunction<T> value) {
    GaugeWithCallback.builder()
        .name("harbour_agent_" + name)
        .help(help)
        .callback(callback -> callback.call(value.applyAsDouble(stats.get())))
        .register(registry);
  }

  private <T> void count(Supplier<T> stats, String name, String help, ToLongFunction<T> value) {
    CounterWithCallback.builder()
        .name("harbour_agent_" + name + "_total")
        .help(help)
        .callback(callback -> callback.call(value.applyAsLong(stats.get())))
        .register(registry);
  }
}
