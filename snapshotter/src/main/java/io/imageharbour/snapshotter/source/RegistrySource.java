package io.imageharbour.snapshotter.source;

import io.imageharbour.fusefs.ChunkReceiver;
import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings frames from registries: one ranged GET of the pack for each. Origins are tried in order;
 * the next one joins when one fails or takes long, and one that failed lately is tried last. Safe
 * for use by many threads.
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
  public void fetch(WantedChunk wanted, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    FrameLocation location = wanted.location();
    int kib =
        Math.min(MAX_MEMORY_KIB, (location.compressedSize() >> 10) + (location.size() >> 10) + 1);
    memory.acquire(kib);
    try {
      fetchFromAnyOrigin(wanted, receiver);
    } finally {
      memory.release(kib);
    }
  }

  private void fetchFromAnyOrigin(WantedChunk wanted, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    FrameLocation location = wanted.location();
    List<RepositoryName> repositories = order.repositories(location.origins());
    try (OriginRace race =
        new OriginRace(repositories, HEAD_START, repository -> read(repository, location))) {
      Optional<OriginRace.Arrived> arrived = race.next();
      while (arrived.isPresent()) {
        RepositoryName repository = arrived.get().repository();
        try {
          hand(arrived.get().frame(), wanted, receiver);
          order.succeeded(repository);
          race.losers().forEach(order::failed);
          return;
        } catch (IOException e) {
          race.fail(repository, e);
        }
        arrived = race.next();
      }
      race.losers().forEach(order::failed);
      throw new FrameUnavailableException(location, race.failures());
    }
  }

  private byte[] read(RepositoryName repository, FrameLocation location)
      throws IOException, InterruptedException {
    byte[] compressed =
        client
            .repository(repository)
            .readBlob(
                location.pack(), location.packSize(), location.offset(), location.compressedSize());
    return FrameDecoder.decode(compressed, location.size());
  }

  /** The chunk that somebody waits for goes first. */
  private static void hand(byte[] frame, WantedChunk wanted, ChunkReceiver receiver)
      throws IOException {
    List<FrameLocation.Part> others = new ArrayList<>();
    for (FrameLocation.Part part : wanted.location().parts()) {
      if (part.digest().equals(wanted.digest()) && part.size() == wanted.size()) {
        receiver.accept(part.digest(), bytes(frame, part));
      } else {
        others.add(part);
      }
    }
    for (FrameLocation.Part part : others) {
      try {
        receiver.accept(part.digest(), bytes(frame, part));
      } catch (IOException e) {
        // nobody waits for it; whoever does will fetch it by itself, and hear of it then
        LOG.warn(
            "event=neighbour-dropped digest={} pack={} cause=\"{}\"",
            part.digest(),
            wanted.location().pack(),
            e.getMessage());
      }
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
