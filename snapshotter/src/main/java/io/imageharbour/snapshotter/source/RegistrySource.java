package io.imageharbour.snapshotter.source;

import io.imageharbour.fusefs.ContentReceiver;
import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.registry.BlobRange;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.IOException;
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
  public void fetch(WantedChunk wanted, ContentReceiver receiver)
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

  private void fetchFromAnyOrigin(WantedChunk wanted, ContentReceiver receiver)
      throws IOException, InterruptedException {
    List<RepositoryName> repositories = order.repositories(wanted.location().origins());
    try (OriginRace<BlobRange> race =
            new OriginRace<>(repositories, HEAD_START, repository -> open(repository, wanted));
        BlobRange range = handFirstOf(race, wanted, receiver)) {
      race.close();
      handFollowing(range, wanted.following(), receiver);
    }
  }

  /** Hands over the wanted frame from the first origin that has it. */
  private BlobRange handFirstOf(
      OriginRace<BlobRange> race, WantedChunk wanted, ContentReceiver receiver)
      throws IOException, InterruptedException {
    try {
      Optional<OriginRace.Arrived<BlobRange>> arrived = race.next();
      while (arrived.isPresent()) {
        RepositoryName repository = arrived.get().repository();
        BlobRange range = arrived.get().opened();
        try {
          receiver.acceptFrame(wanted.location(), range.first());
          order.succeeded(repository);
          return range;
        } catch (IOException e) {
          range.close();
          race.fail(repository, e);
        } catch (RuntimeException | Error e) {
          range.close();
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

  private BlobRange open(RepositoryName repository, WantedChunk wanted)
      throws IOException, InterruptedException {
    FrameLocation location = wanted.location();
    long length = location.compressedSize();
    for (FrameLocation following : wanted.following()) {
      length += following.compressedSize();
    }
    return client
        .repository(repository)
        .openBlobRange(
            location.pack(),
            location.packSize(),
            location.offset(),
            length,
            location.compressedSize());
  }

  /** What goes wrong here costs nobody anything yet: who wants these frames will ask for them. */
  private void handFollowing(
      BlobRange range, List<FrameLocation> following, ContentReceiver receiver) {
    range.limitRest(WantedChunk.PATIENCE_BEHIND);
    try {
      for (FrameLocation frame : following) {
        Optional<byte[]> compressed = range.next(frame.compressedSize());
        if (compressed.isEmpty()) {
          break;
        }
        receiver.acceptFrame(frame, compressed.get());
      }
    } catch (IOException e) {
      LOG.info("event=read-ahead-broken cause=\"{}\"", e.getMessage());
    }
    speed.observe(range);
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
