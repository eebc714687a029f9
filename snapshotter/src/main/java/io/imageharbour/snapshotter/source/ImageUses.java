package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts, for each index image of the node, containers that were started and bytes that did not
 * come from the pool. Images are told apart by their layer, as containerd knows it; where no layer
 * is known nothing is counted. Counting takes no lock and never waits. Bounded: beyond {@link
 * #MOST_IMAGES} nothing is counted of other images. Safe for use by many threads.
 */
public final class ImageUses {

  /** The most images that are counted at a time. */
  static final int MOST_IMAGES = 1000;

  /** By the origin that names the layer. */
  private final ConcurrentMap<String, Counted> images = new ConcurrentHashMap<>();

  /** Those of which contents will be offered to the pool, which wants to know the image. */
  private final BlockingQueue<Counted> missed = new LinkedBlockingQueue<>(MOST_IMAGES);

  /** An image, and what was done with it since that was last told. */
  static final class Counted {
    final LayerOrigin layer;
    final LongAdder starts = new LongAdder();
    final LongAdder missedBytes = new LongAdder();
    private final AtomicBoolean asked = new AtomicBoolean();
    volatile Optional<PulledImage> known = Optional.empty();
    volatile Optional<ImageSize> size = Optional.empty();

    private Counted(LayerOrigin layer) {
      this.layer = layer;
    }

    boolean isIdle() {
      return starts.sum() == 0 && missedBytes.sum() == 0;
    }
  }

  /**
   * A container was started.
   *
   * @param snapshot name of the index snapshot that it stands on
   */
  public void started(String snapshot) {
    ImageOrigins.layer(snapshot)
        .flatMap(layer -> counted(layer.toString()))
        .ifPresent(image -> image.starts.increment());
  }

  /** So many bytes of an image with these origins came from elsewhere than the pool. */
  void missed(List<String> origins, int bytes) {
    layer(origins)
        .flatMap(this::counted)
        .ifPresent(
            image -> {
              image.missedBytes.add(bytes);
              if (image.asked.compareAndSet(false, true)) {
                // if there is no room it is asked about when it is told of
                boolean unused = missed.offer(image);
              }
            });
  }

  /** The image with these origins, by its manifest's digest, if that is known already. */
  Optional<Digest> image(List<String> origins) {
    return layer(origins)
        .flatMap(this::counted)
        .flatMap(image -> image.known)
        .map(PulledImage::manifest);
  }

  /** Waits for an image of which something was missed for the first time. */
  Optional<Counted> awaitMissed(long nanos) throws InterruptedException {
    return Optional.ofNullable(missed.poll(nanos, TimeUnit.NANOSECONDS));
  }

  /** All images that are counted. */
  List<Counted> counted() {
    return new ArrayList<>(images.values());
  }

  /** Makes room for others, if much is taken: forgets images of which there is nothing to tell. */
  void tidy() {
    if (images.size() > MOST_IMAGES / 2) {
      images.values().removeIf(Counted::isIdle);
    }
  }

  private static Optional<String> layer(List<String> origins) {
    for (String origin : origins) {
      if (LayerOrigin.isLayer(origin)) {
        return Optional.of(origin);
      }
    }
    return Optional.empty();
  }

  private Optional<Counted> counted(String origin) {
    @Nullable Counted known = images.get(origin);
    if (known != null) {
      return Optional.of(known);
    }
    Optional<LayerOrigin> layer = LayerOrigin.parse(origin);
    if (layer.isEmpty() || images.size() >= MOST_IMAGES) {
      return Optional.empty();
    }
    Counted made = new Counted(layer.get());
    @Nullable Counted other = images.putIfAbsent(origin, made);
    return Optional.of(other != null ? other : made);
  }
}
