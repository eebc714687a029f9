package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.ContentStats;
import java.util.concurrent.atomic.LongAdder;

/** A source and what it did. */
final class SourceCounters {

  final ContentSource source;
  final LongAdder fetches = new LongAdder();
  final LongAdder failures = new LongAdder();
  final LongAdder chunks = new LongAdder();
  final LongAdder bytes = new LongAdder();

  SourceCounters(ContentSource source) {
    this.source = source;
  }

  ContentStats.Source stats() {
    return new ContentStats.Source(
        source.name(), fetches.sum(), failures.sum(), chunks.sum(), bytes.sum());
  }
}
