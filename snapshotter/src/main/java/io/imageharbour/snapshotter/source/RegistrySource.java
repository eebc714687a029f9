package io.imageharbour.snapshotter.source;

import io.imageharbour.fusefs.ChunkReceiver;
import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.registry.BlobRange;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings frames from registries: one ranged GET of the pack for each run. Origins are tried in
 * order; the next one joins when one fails or takes long, and one that failed lately is tried last.
 * Safe for use by many threads.
 */
public final class RegistrySource implements ContentSource {

  private static final Logger LOG = LoggerFactory.getLogger(RegistrySource.class);

  /**
   * How much of frames may be in memory at once, compressed and inflated, in KiB. A hundred big
   * frames that are asked for at once must not need a hundred times the memory.
   */
  private static final int MAX_MEMORY_KIB = 40 << 10;

  /** How long an origin is waited for before the next one is asked as well. */
  private static final Duration HEAD_START = Duration.ofSeconds(2);

  private final RegistryClient client;
  private final OriginOrder order;
  private final LinkSpeed speed = new LinkSpeed();
  private final Semaphore memory = new Semaphore(MAX_MEMORY_KIB, /* fair= */ true);

  /**
   * A source that asks registries.
   *
   * @param client stays the caller's to close
   * @param containerd knows where layers came from
   */
  public RegistrySource(RegistryClient client, LayerSources containerd) {
    this.client = client;
    this.order = new OriginOrder(containerd, System::nanoTime);
  }

  @Override
  public String name() {
    return "registry";
  }

  @Override
  public long bytesPerLatency() {
    return speed.bytesPerLatency();
  }

  @Override
  public void fetch(WantedChunk wanted, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    int following = 0;
    for (FrameLocation frame : wanted.following()) {
      following = Math.max(following, memoryKib(frame)); // one after the other
    }
    int kib = Math.min(MAX_MEMORY_KIB, memoryKib(wanted.location()) + following);
    memory.acquire(kib);
    try {
      fetchFromAnyOrigin(wanted, receiver);
    } finally {
      memory.release(kib);
    }
  }

  private static int memoryKib(FrameLocation frame) {
    return (frame.compressedSize() >> 10) + (frame.size() >> 10) + 1;
  }

  private void fetchFromAnyOrigin(WantedChunk wanted, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    List<RepositoryName> repositories = order.repositories(wanted.location().origins());
    try (OriginRace<Arrival> race =
            new OriginRace<>(repositories, HEAD_START, repository -> open(repository, wanted));
        Arrival arrival = handFirstOf(race, wanted, receiver)) {
      race.close();
      handFollowing(arrival.range, wanted.following(), receiver);
    }
  }

  /** Hands over the wanted frame from the first origin that has it. */
  private Arrival handFirstOf(OriginRace<Arrival> race, WantedChunk wanted, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    try {
      Optional<OriginRace.Arrived<Arrival>> arrived = race.next();
      while (arrived.isPresent()) {
        RepositoryName repository = arrived.get().repository();
        Arrival arrival = arrived.get().opened();
        try {
          hand(arrival.frame, wanted, receiver);
          order.succeeded(repository);
          return arrival;
        } catch (IOException e) {
          arrival.close();
          race.fail(repository, e);
        } catch (RuntimeException | Error e) {
          arrival.close();
          throw e;
        }
        arrived = race.next();
      }
      throw new FrameUnavailableException(wanted.location(), race.failures());
    } finally {
      // also when the time was over: those that used it up come last the next time
      race.losers().forEach(order::failed);
    }
  }

  /** The wanted frame, inflated, and the request that goes on behind it. */
  private record Arrival(byte[] frame, BlobRange range) implements Closeable {
    @Override
    public void close() {
      range.close();
    }
  }

  private Arrival open(RepositoryName repository, WantedChunk wanted)
      throws IOException, InterruptedException {
    FrameLocation location = wanted.location();
    long length = location.compressedSize();
    for (FrameLocation following : wanted.following()) {
      length += following.compressedSize();
    }
    BlobRange range =
        client
            .repository(repository)
            .openBlobRange(
                location.pack(),
                location.packSize(),
                location.offset(),
                length,
                location.compressedSize());
    try {
      return new Arrival(FrameDecoder.decode(range.first(), location.size()), range);
    } catch (IOException | RuntimeException | Error e) {
      range.close();
      throw e;
    }
  }

  /** What goes wrong here costs nobody anything yet: who wants these frames will ask for them. */
  private void handFollowing(
      BlobRange range, List<FrameLocation> following, ChunkReceiver receiver) {
    range.limitRest(WantedChunk.PATIENCE_BEHIND);
    try {
      for (FrameLocation frame : following) {
        Optional<byte[]> compressed = range.next(frame.compressedSize());
        if (compressed.isEmpty()) {
          break;
        }
        byte[] inflated = FrameDecoder.decode(compressed.get(), frame.size());
        frame.parts().forEach(part -> handOptional(inflated, part, frame, receiver));
      }
    } catch (IOException e) {
      LOG.info("event=read-ahead-broken cause=\"{}\"", e.getMessage());
    }
    speed.observe(range);
  }

  /** The chunk that somebody waits for goes first. */
  private static void hand(byte[] frame, WantedChunk wanted, ChunkReceiver receiver)
      throws IOException {
    receiver.accept(wanted.digest(), bytes(frame, wanted.part()));
    for (FrameLocation.Part part : wanted.location().parts()) {
      if (!part.equals(wanted.part())) {
        handOptional(frame, part, wanted.location(), receiver);
      }
    }
  }

  private static void handOptional(
      byte[] frame, FrameLocation.Part part, FrameLocation location, ChunkReceiver receiver) {
    try {
      receiver.accept(part.digest(), bytes(frame, part));
    } catch (IOException e) {
      // nobody waits for it; whoever does will fetch it by itself, and hear of it then
      LOG.warn(
          "event=neighbour-dropped digest={} pack={} cause=\"{}\"",
          part.digest(),
          location.pack(),
          e.getMessage());
    }
  }

  private static ByteBuffer bytes(byte[] frame, FrameLocation.Part part) {
    return ByteBuffer.wrap(frame, part.offset(), part.size()).slice().asReadOnlyBuffer();
  }

  /** No origin delivered a frame. */
  static final class FrameUnavailableException extends HarbourException {

    private static final long serialVersionUID = 1;

    FrameUnavailableException(FrameLocation location, List<String> failures) {
      super(
          "cannot read %d bytes at %d of pack %s: %s"
              .formatted(
                  location.compressedSize(),
                  location.offset(),
                  location.pack(),
                  failures.isEmpty()
                      ? "nobody knows a repository that has it; pull the image again, or convert it again with its origin"
                      : String.join("; ", failures)));
    }
  }
}
