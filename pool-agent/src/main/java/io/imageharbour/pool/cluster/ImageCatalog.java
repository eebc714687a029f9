package io.imageharbour.pool.cluster;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images that the pool knows, in etcd: for every one its id, names, size, how often it was
 * started lately, and where it lies. Changes are optimistic transactions: an image is read, and
 * written if nobody else has meanwhile, or else read again; so none is lost, whoever makes them.
 *
 * <p>What is under the prefix and is no image's record counts as absent, with a line in the log.
 * Safe for use by many threads. Every method waits for etcd, at most {@link EtcdConfig#timeout} for
 * each step.
 */
public final class ImageCatalog {

  /** How long it takes for half of an image's accesses to be forgotten, by default. */
  public static final Duration DEFAULT_HALF_LIFE = Duration.ofDays(1);

  /** The most images of a catalog. */
  public static final int MAX_IMAGES = 100_000;

  /** The most images of a page. */
  public static final int MAX_PAGE = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(ImageCatalog.class);

  private static final int MAX_TRIES = 20;

  /** Of more records that are none the log says nothing. */
  private static final int MOST_PASSED_OVER = 1000;

  /**
   * Some images, in order of their ids.
   *
   * @param next where the next page begins; empty if this was the last
   */
  public record Page(List<CatalogImage> images, Optional<Cursor> next) {}

  /** A place in the catalog, between two images. */
  public record Cursor(Digest after) {}

  private final EtcdConnection etcd;
  private final Duration halfLife;
  private final InstantSource clock;
  private final int maxImages;
  private final String directory;

  /** What the log has a line about. */
  private final Set<String> passedOver = ConcurrentHashMap.newKeySet();

  /**
   * A catalog on a connection, which stays the caller's.
   *
   * @param halfLife how long it takes for half of an image's accesses to be forgotten, 1 s or more
   */
  public ImageCatalog(EtcdConnection etcd, Duration halfLife, InstantSource clock) {
    this(etcd, halfLife, clock, MAX_IMAGES);
  }

  ImageCatalog(EtcdConnection etcd, Duration halfLife, InstantSource clock, int maxImages) {
    if (halfLife.toSeconds() < 1) {
      throw new IllegalArgumentException("a half-life is 1 s or more, not " + halfLife);
    }
    this.etcd = etcd;
    this.halfLife = halfLife;
    this.clock = clock;
    this.maxImages = maxImages;
    directory = etcd.key(ImageRecord.DIRECTORY);
  }

  /** The image with that id, if there is one. */
  public Optional<CatalogImage> get(Digest id)
      throws EtcdUnavailableException, InterruptedException {
    return etcd.get(key(id)).flatMap(this::decode);
  }

  /**
   * Up to {@code limit} images.
   *
   * @param from what the page before said comes next; empty for the first
   * @param limit 1 to {@link #MAX_PAGE}; there may be fewer even where there are more pages
   */
  public Page list(Optional<Cursor> from, int limit)
      throws EtcdUnavailableException, InterruptedException {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new IllegalArgumentException("a page has 1 to " + MAX_PAGE + " images, not " + limit);
    }
    ByteSequence start =
        from.map(cursor -> EtcdConnection.after(EtcdConnection.bytes(key(cursor.after()))))
            .orElseGet(() -> EtcdConnection.bytes(directory));
    List<CatalogImage> images = new ArrayList<>();
    while (true) {
      GetResponse found = etcd.range(directory, start, limit, 0);
      found.getKvs().forEach(entry -> decode(entry).ifPresent(images::add));
      if (!found.isMore() || found.getKvs().isEmpty()) {
        return new Page(images, Optional.empty());
      }
      if (!images.isEmpty()) {
        return new Page(images, Optional.of(new Cursor(images.getLast().id())));
      }
      // nothing but what is no image: go on behind it
      start = EtcdConnection.after(found.getKvs().getLast().getKey());
    }
  }

  /**
   * Makes, changes or removes an image.
   *
   * @param change gets the image as it is, empty if there is none, and gives what it is to be,
   *     empty if it is to be removed; it may be called several times
   * @return what the image is now
   * @throws CatalogConflictException if others changed it all the time
   * @throws CatalogFullException if it would be one more than {@link #MAX_IMAGES}
   * @throws IllegalArgumentException if {@code change} gives an image with another id
   */
  public Optional<CatalogImage> update(
      Digest id, Function<Optional<CatalogImage>, Optional<CatalogImage>> change)
      throws EtcdUnavailableException,
          InterruptedException,
          CatalogConflictException,
          CatalogFullException {
    Backoff backoff = new Backoff(Duration.ofMillis(500));
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      if (tries > 0) {
        TimeUnit.NANOSECONDS.sleep(backoff.next() / 10);
      }
      Optional<KeyValue> entry = etcd.get(key(id));
      Optional<CatalogImage> now = entry.flatMap(this::decode);
      Optional<CatalogImage> wanted = change.apply(now);
      if (wanted.isPresent() && !wanted.get().id().equals(id)) {
        throw new IllegalArgumentException("image " + id + " can't become " + wanted.get().id());
      }
      if (wanted.equals(now) && (now.isPresent() || entry.isEmpty())) {
        return now;
      }
      if (entry.isEmpty() && etcd.count(directory) >= maxImages) {
        throw new CatalogFullException(maxImages);
      }
      long modRevision = entry.map(KeyValue::getModRevision).orElse(0L);
      boolean done =
          wanted.isPresent()
              ? etcd.put(key(id), ImageRecord.encode(wanted.get()), modRevision, 0)
              : etcd.delete(key(id), modRevision);
      if (done) {
        return wanted;
      }
    }
    throw new CatalogConflictException(id, MAX_TRIES);
  }

  /** Counts what was done with an image, which the catalog has from then on. */
  public Optional<CatalogImage> used(ImageUse use)
      throws EtcdUnavailableException,
          InterruptedException,
          CatalogConflictException,
          CatalogFullException {
    long now = clock.instant().getEpochSecond();
    return update(
        use.image(),
        image ->
            Optional.of(
                image
                    .orElseGet(() -> CatalogImage.of(use.image(), List.of(), 0, 0))
                    .plus(use, now, halfLife)));
  }

  /** How often the image was started lately, as of now. */
  public double frequency(CatalogImage image) {
    return image.frequency().at(clock.instant().getEpochSecond(), halfLife);
  }

  /** How much of the image was missed lately, as of now, in sizes of the image. */
  public double missed(CatalogImage image) {
    return image.missed().at(clock.instant().getEpochSecond(), halfLife);
  }

  /** How long it takes for half of an image's accesses to be forgotten. */
  public Duration halfLife() {
    return halfLife;
  }

  private String key(Digest id) {
    return directory + id.hex();
  }

  private Optional<CatalogImage> decode(KeyValue entry) {
    try {
      return Optional.of(
          ImageRecord.decode(entry.getKey().substring(directory.length()), entry.getValue()));
    } catch (InvalidRecordException e) {
      String key = Printable.of(entry.getKey());
      if (passedOver.size() < MOST_PASSED_OVER && passedOver.add(key)) {
        LOG.warn("event=image-passed-over key={} cause={}", key, e.getMessage());
      }
      return Optional.empty();
    }
  }
}
