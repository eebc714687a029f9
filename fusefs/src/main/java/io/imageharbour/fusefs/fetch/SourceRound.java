package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ChunkReceiver;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.WrongDigestException;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/** Takes what the sources bring for one run: verifies it, and stores what is of use. */
final class SourceRound {

  private final FrameFlight first;
  private final WantedChunk wanted;
  private final Map<Digest, FrameFlight> flights = new HashMap<>();
  private final Cas cas;
  private final ContentTable table;
  private final AtomicBoolean wantedWasWrong = new AtomicBoolean();
  private final LongAdder wrongDigests;

  /**
   * @param locations of the run's frames, as many as could be found, at least the first
   * @param wrongDigests counts the chunks that fail their digest
   */
  SourceRound(
      FrameRun run,
      List<FrameLocation> locations,
      Cas cas,
      ContentTable table,
      LongAdder wrongDigests) {
    this.wrongDigests = wrongDigests;
    first = run.first();
    wanted =
        new WantedChunk(
            partOf(first.wanted()), locations.getFirst(), locations.subList(1, locations.size()));
    this.cas = cas;
    this.table = table;
    Iterator<FrameLocation> frames = locations.iterator();
    run.flights()
        .limit(locations.size())
        .forEach(
            flight ->
                frames.next().parts().forEach(part -> flights.putIfAbsent(part.digest(), flight)));
  }

  WantedChunk wanted() {
    return wanted;
  }

  /** Takes chunks from this source. */
  ChunkReceiver receiver(SourceCounters source) {
    return (digest, bytes) -> accept(source, digest, bytes);
  }

  boolean hasWantedCome() {
    return first.hasWantedCome();
  }

  /** Whether wrong bytes came for the wanted chunk since the last {@link #forgetWrongDigest}. */
  boolean sawWrongDigest() {
    return wantedWasWrong.get();
  }

  void forgetWrongDigest() {
    wantedWasWrong.set(false);
  }

  private void accept(SourceCounters source, Digest digest, ByteBuffer bytes) throws IOException {
    int size = bytes.remaining();
    source.chunks.increment();
    source.bytes.add(size);
    ByteBuffer content = bytes.slice();
    bytes.position(bytes.limit());
    FrameFlight flight = flights.getOrDefault(digest, first);
    Optional<ChunkSink> keep = Optional.empty();
    switch (flight.need(digest)) {
      case WANTED -> {}
      case STORED -> {
        return;
      }
      case NOBODY_ASKED -> {
        if (!isMissingFile(digest, size)) {
          return;
        }
        keep = Optional.of(new CasSink(cas, digest));
      }
    }
    Digest actual = Digest.sha256(content.duplicate());
    if (!actual.equals(digest)) {
      wrongDigests.increment();
      if (digest.equals(wanted.digest())) {
        wantedWasWrong.set(true);
      }
      throw new WrongDigestException(digest, actual, size);
    }
    flight.deliver(digest, content, keep);
  }

  private static FrameLocation.Part partOf(StoredChunk chunk) {
    return new FrameLocation.Part(chunk.digest(), chunk.offset(), chunk.size());
  }

  /** Whether a neighbour of the wanted chunk is a file that the CAS lacks. */
  private boolean isMissingFile(Digest digest, int size) throws IOException {
    Optional<RowAttributes> row = table.find(digest);
    return row.isPresent() && row.get().size() == size && !cas.contains(digest);
  }
}
