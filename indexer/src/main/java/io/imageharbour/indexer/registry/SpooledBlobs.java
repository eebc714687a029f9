package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs of registries that ignore {@code Range}: each is downloaded once, and its parts are read
 * from disk, instead of once per part. Safe for use by many threads.
 */
final class SpooledBlobs implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SpooledBlobs.class);
  private static final int MAX_BLOBS = 16;
  private static final long MAX_BYTES = 16L << 30;

  /** A slow download is worth more than a new one, but not the network for ever. */
  private static final Duration UNREAD_TIME = Duration.ofMinutes(5);

  private final RegistryClient client;
  private final Map<Key, Entry> blobs = new LinkedHashMap<>(16, 0.75f, true);

  private record Key(RepositoryName repository, Digest blob) {}

  private record Entry(SpooledBlob blob, long size) {}

  SpooledBlobs(RegistryClient client) {
    this.client = client;
  }

  /**
   * Reads a part of a blob, which is downloaded if it is not here yet.
   *
   * @throws HostFailure if it is bigger than all blobs here may be together
   */
  byte[] read(RepositoryName repository, Digest blob, ContentRange range)
      throws IOException, InterruptedException {
    if (range.total() > MAX_BYTES) {
      throw new HostFailure(
          HostFailure.Kind.REFUSED,
          "ignores ranges, and a blob of %d bytes is too big to be downloaded whole (at most %d)"
              .formatted(range.total(), MAX_BYTES));
    }
    Duration patience = client.settings().deadline();
    while (true) {
      SpooledBlob spooled = find(new Key(repository, blob), range.total());
      byte[] bytes = spooled.read(range.first(), (int) range.length(), patience);
      if (bytes != null) {
        return bytes;
      }
    }
  }

  private SpooledBlob find(Key key, long size) throws IOException {
    synchronized (blobs) {
      Entry known = blobs.get(key);
      if (known != null && !known.blob().hasEnded()) {
        return known.blob();
      }
      if (known != null) {
        blobs.remove(key);
        known.blob().close();
      }
      makeRoom(size);
      log.warn(
          "event=blob-spooled repository={} blob={} bytes={} cause=\"the registry ignores ranges\"",
          key.repository(),
          key.blob(),
          size);
      SpooledBlob spooled =
          new SpooledBlob(
              client.settings().temporaryDirectory(),
              "download of the blob " + key.blob() + " of " + key.repository(),
              UNREAD_TIME,
              () -> BlobStream.open(client, key.repository(), key.blob(), size));
      blobs.put(key, new Entry(spooled, size));
      return spooled;
    }
  }

  /**
   * Downloads that failed or were given up go first, then the blobs that were read the longest time
   * ago.
   */
  private void makeRoom(long size) throws IOException {
    blobs.values().removeIf(entry -> entry.blob().hasEnded());
    long held = size;
    for (Entry entry : blobs.values()) {
      held += entry.size();
    }
    Iterator<Entry> eldest = blobs.values().iterator();
    while (eldest.hasNext() && (blobs.size() >= MAX_BLOBS || held > MAX_BYTES)) {
      Entry entry = eldest.next();
      eldest.remove();
      held -= entry.size();
      entry.blob().close();
    }
  }

  @Override
  public void close() {
    synchronized (blobs) {
      for (Entry entry : blobs.values()) {
        try {
          entry.blob().close();
        } catch (IOException e) {
          log.warn("event=spool-not-closed cause=\"{}\"", e.toString());
        }
      }
      blobs.clear();
    }
  }
}
