package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ContentReceiver;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.WrongDigestException;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.pack.FrameDecoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes what the sources bring for one run: verifies it, and stores or keeps what is of use. */
final class SourceRound {

  private static final Logger log = LoggerFactory.getLogger(SourceRound.class);

  private final FrameRun run;
  private final WantedChunk wanted;
  private final Stores stores;
  private final Consumer<FrameFlight> callOff;
  private final AtomicBoolean wantedWasWrong = new AtomicBoolean();

  /**
   * Where things go.
   *
   * @param table knows which chunks are whole files
   * @param wrongDigests counts the chunks that fail their digest
   */
  record Stores(Cas cas, ContentTable table, KeptFrames kept, LongAdder wrongDigests) {}

  /**
   * A round for a run.
   *
   * @param location of the run's first frame
   * @param callOff ends the flight of a frame that is kept, so that who waits for it takes it
   */
  SourceRound(FrameRun run, FrameLocation location, Stores stores, Consumer<FrameFlight> callOff) {
    this.run = run;
    this.stores = stores;
    this.callOff = callOff;
    StoredChunk chunk = run.first().wanted();
    wanted =
        new WantedChunk(
            new FrameLocation.Part(chunk.digest(), chunk.offset(), chunk.size()),
            location,
            run.riders().stream().map(FrameRun.Rider::location).toList());
  }

  WantedChunk wanted() {
    return wanted;
  }

  /** Takes what this source brings. */
  ContentReceiver receiver(SourceCounters source) {
    return new ContentReceiver() {
      @Override
      public boolean accept(ByteBuffer bytes) throws IOException {
        return new ReceivedChunk(run.first(), source, wanted.location().origins()).accept(bytes);
      }

      @Override
      public void acceptFrame(FrameLocation frame, byte[] compressed) throws IOException {
        if (frame.offset() == wanted.location().offset()) {
          unpackWanted(source, compressed);
          return;
        }
        for (FrameRun.Rider rider : run.riders()) {
          if (rider.location().offset() == frame.offset()) {
            arrive(rider, source, compressed);
            return;
          }
        }
      }
    };
  }

  boolean hasWantedCome() {
    return run.first().hasWantedCome();
  }

  /** Whether wrong bytes came for the wanted chunk since the last {@link #forgetWrongDigest}. */
  boolean sawWrongDigest() {
    return wantedWasWrong.get();
  }

  void forgetWrongDigest() {
    wantedWasWrong.set(false);
  }

  /** The chunk that somebody waits for goes first. */
  private void unpackWanted(SourceCounters source, byte[] compressed) throws IOException {
    byte[] frame = FrameDecoder.decode(compressed, wanted.location().size());
    store(run.first(), source, wanted.digest(), bytes(frame, wanted.part()));
    for (FrameLocation.Part part : wanted.location().parts()) {
      if (!part.equals(wanted.part())) {
        storeUnasked(run.first(), source, part, frame);
      }
    }
  }

  private void arrive(FrameRun.Rider rider, SourceCounters source, byte[] compressed)
      throws IOException {
    if (run.keepsRiders()) {
      stores.kept.keep(rider.flight().wanted().frame(), compressed, source);
      callOff.accept(rider.flight());
    } else {
      byte[] frame = FrameDecoder.decode(compressed, rider.location().size());
      for (FrameLocation.Part part : rider.location().parts()) {
        storeUnasked(rider.flight(), source, part, frame);
      }
    }
  }

  private void storeUnasked(
      FrameFlight flight, SourceCounters source, FrameLocation.Part part, byte[] frame) {
    try {
      store(flight, source, part.digest(), bytes(frame, part));
    } catch (IOException e) {
      // whoever wants it will fetch it by itself, and hear of it then
      log.warn(
          "event=neighbour-dropped digest={} pack={} cause=\"{}\"",
          part.digest(),
          wanted.location().pack(),
          e.getMessage());
    }
  }

  private void store(FrameFlight flight, SourceCounters source, Digest digest, ByteBuffer content)
      throws IOException {
    int size = content.remaining();
    source.brought(size);
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
        keep = Optional.of(new CasSink(stores.cas, digest));
      }
    }
    Digest actual = Digest.sha256(content.duplicate());
    if (!actual.equals(digest)) {
      stores.wrongDigests.increment();
      if (digest.equals(wanted.digest())) {
        wantedWasWrong.set(true);
      }
      throw new WrongDigestException(digest, actual, size);
    }
    flight.deliver(digest, content, keep);
    source.offerToOthers(digest, content, wanted.location().origins());
  }

  private static ByteBuffer bytes(byte[] frame, FrameLocation.Part part) {
    return ByteBuffer.wrap(frame, part.offset(), part.size()).slice().asReadOnlyBuffer();
  }

  /** Whether a neighbour of the wanted chunk is a file that the CAS lacks. */
  private boolean isMissingFile(Digest digest, int size) throws IOException {
    return stores.table.needs(digest, size) && !stores.cas.contains(digest);
  }
}
