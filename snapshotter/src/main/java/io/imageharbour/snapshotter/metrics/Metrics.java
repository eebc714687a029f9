package io.imageharbour.snapshotter.metrics;

import io.imageharbour.fusefs.ContentStats;
import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.pool.client.PoolStats;
import io.imageharbour.snapshotter.store.SnapshotStore;
import io.imageharbour.snapshotter.store.SnapshotStoreException;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The metrics of a daemon. Nothing is counted twice: each scrape asks whoever counts anyway. */
public final class Metrics {

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Supplier<ContentStats> stats;

  private Metrics(Supplier<ContentStats> stats) {
    this.stats = stats;
  }

  /** The metrics of these, and of the pool if there is one. */
  public static PrometheusRegistry of(
      ContentStore contents, SnapshotStore snapshots, Optional<Supplier<PoolStats>> pool) {
    Metrics metrics = new Metrics(contents::stats);
    pool.ifPresent(stats -> PoolMetrics.add(stats, metrics.registry));
    metrics.addContents();
    metrics.addSources();
    metrics.addSnapshots(snapshots);
    return metrics.registry;
  }

  private void addContents() {
    count("opens", "Files opened through the content mount or a tree.", ContentStats::opens);
    count("open_hits", "Those of them that the store held already.", ContentStats::openHits);
    count("reads", "Requests to read that the kernel did not serve itself.", ContentStats::reads);
    count("ingested_files", "Files that came into the store.", ContentStats::ingestedFiles);
    count(
        "ingested_bytes", "Bytes that came into the store, inflated.", ContentStats::ingestedBytes);
    count("failed_reads", "Opens and reads that got an error.", ContentStats::failedReads);
    count(
        "wrong_digests",
        "Chunks thrown away because they failed their digest.",
        ContentStats::wrongDigests);
    GaugeWithCallback.builder()
        .name("harbour_fuse_passthrough")
        .help("Whether the kernel reads files of the store by itself.")
        .callback(callback -> callback.call(stats.get().passthrough() ? 1 : 0))
        .register(registry);
  }

  private void addSources() {
    source("fetches", "Fetches asked of a source.", ContentStats.Source::fetches);
    source("failures", "Fetches that failed.", ContentStats.Source::failures);
    source("chunks", "Chunks that a source brought.", ContentStats.Source::chunks);
    source("bytes", "Bytes that a source brought, inflated.", ContentStats.Source::bytes);
    source(
        "hedges",
        "Fetches that took so long that the next source was asked as well.",
        ContentStats.Source::hedges);
    addTimes();
  }

  private void addTimes() {
    CounterWithCallback.builder()
        .name("harbour_source_seconds_total")
        .help("Time that fetches from a source took which did not fail.")
        .labelNames("source")
        .callback(
            callback ->
                stats
                    .get()
                    .sources()
                    .forEach(source -> callback.call(source.nanos() / 1e9, source.name())))
        .register(registry);
  }

  private void addSnapshots(SnapshotStore snapshots) {
    GaugeWithCallback.builder()
        .name("harbour_snapshots")
        .help("Snapshots, and those of them that are indexes of images.")
        .labelNames("type")
        .callback(
            callback -> {
              try {
                long all = snapshots.list().size();
                long indexes = snapshots.list().stream().filter(s -> s.index()).count();
                callback.call(all - indexes, "ordinary");
                callback.call(indexes, "index");
              } catch (SnapshotStoreException e) {
                throw new IllegalStateException(e);
              }
            })
        .register(registry);
  }

  private void count(String name, String help, ToLongFunction<ContentStats> value) {
    CounterWithCallback.builder()
        .name("harbour_content_" + name + "_total")
        .help(help)
        .callback(callback -> callback.call(value.applyAsLong(stats.get())))
        .register(registry);
  }

  private void source(String name, String help, ToLongFunction<ContentStats.Source> value) {
    CounterWithCallback.builder()
        .name("harbour_source_" + name + "_total")
        .help(help)
        .labelNames("source")
        .callback(
            callback ->
                stats
                    .get()
                    .sources()
                    .forEach(source -> callback.call(value.applyAsLong(source), source.name())))
        .register(registry);
  }
}
