package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.registry.BlobRange;

/**
 * How fast the registries answer, from the last dozens of requests. Safe for use by many threads.
 */
final class LinkSpeed {

  /** What an earlier request still counts after another one. */
  private static final double MEMORY = 0.95;

  private double requests;
  private double latencyNanos;
  private double bytes;
  private double transferNanos;

  /** Takes in what a request showed. */
  synchronized void observe(BlobRange range) {
    if (range.transferred() == 0) {
      return;
    }
    requests = requests * MEMORY + 1;
    latencyNanos = latencyNanos * MEMORY + range.latency().toNanos();
    bytes = bytes * MEMORY + range.transferred();
    transferNanos = transferNanos * MEMORY + range.transferTime().toNanos();
  }

  /** How many bytes are transferred in the time that a request waits for its answer to begin. */
  synchronized long bytesPerLatency() {
    return requests == 0 || transferNanos == 0
        ? 0
        : (long) (latencyNanos / requests * (bytes / transferNanos));
  }
}
