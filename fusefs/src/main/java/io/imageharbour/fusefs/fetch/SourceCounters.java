package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.ContentStats;
import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** A source and what it did. */
final class SourceCounters {

  final ContentSource source;

  /** Those that are asked before this one, and may keep what it brings. */
  final List<ContentSource> before;

  final LongAdder fetches = new LongAdder();
  final LongAdder failures = new LongAdder();
  final LongAdder chunks = new LongAdder();
  final LongAdder bytes = new LongAdder();
  final LongAdder nanos = new LongAdder();
  final LongAdder hedges = new LongAdder();

  SourceCounters(ContentSource source, List<ContentSource> before) {
    this.source = source;
    this.before = List.copyOf(before);
  }

  /** Counts a chunk that it brought. */
  void brought(int size) {
    chunks.increment();
    bytes.add(size);
  }

  /** Offers a chunk of an image with these origins, which it brought, to those before it. */
  void offerToOthers(Digest digest, ByteBuffer content, List<String> origins) {
    before.forEach(other -> other.offer(digest, content.duplicate(), origins));
  }

  ContentStats.Source stats() {
    return new ContentStats.Source(
        source.name(),
        fetches.sum(),
        failures.sum(),
        chunks.sum(),
        bytes.sum(),
        nanos.sum(),
        hedges.sum());
  }
}
