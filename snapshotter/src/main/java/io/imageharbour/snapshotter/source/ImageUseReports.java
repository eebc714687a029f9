package io.imageharbour.snapshotter.source;

import io.imageharbour.pool.cluster.ImageUse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the pool, every few seconds and on a thread of its own, what the node did with its images.
 * What containerd calls an image is asked when the pool first lacks something of it, else when it
 * is told of: while a container starts, the processors are the container's. An image that
 * containerd does not know can't be found in a registry again, and is not told of. What nobody
 * hears is lost.
 */
public final class ImageUseReports implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ImageUseReports.class);

  /** So often the pool is told. */
  public static final Duration INTERVAL = Duration.ofSeconds(10);

  private static final Duration CLOSE = Duration.ofSeconds(5);

  private final ImageUses uses;
  private final LayerSources containerd;
  private final Function<LayerOrigin, Optional<ImageSize>> sizes;
  private final Consumer<List<ImageUse>> pool;
  private final Duration interval;
  private final Thread thread;

  /**
   * Begins.
   *
   * @param sizes knows how large the images of the node's snapshots are
   * @param pool is told; may take seconds, and throws nothing
   * @param interval so often
   */
  public ImageUseReports(
      ImageUses uses,
      LayerSources containerd,
      Function<LayerOrigin, Optional<ImageSize>> sizes,
      Consumer<List<ImageUse>> pool,
      Duration interval) {
    this.uses = uses;
    this.containerd = containerd;
    this.sizes = sizes;
    this.pool = pool;
    this.interval = interval;
    thread = Thread.ofPlatform().daemon().name("image-uses").start(this::run);
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(CLOSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long next = System.nanoTime() + interval.toNanos();
    try {
      while (true) {
        Optional<ImageUses.Counted> image = uses.awaitMissed(Math.max(0, next - System.nanoTime()));
        try {
          image.ifPresent(this::identify);
          if (System.nanoTime() - next >= 0) {
            next = System.nanoTime() + interval.toNanos();
            tell();
          }
        } catch (RuntimeException e) {
          LOG.error("event=image-uses-broken", e);
        }
      }
    } catch (InterruptedException e) {
      LOG.trace("event=image-uses-end");
    }
  }

  private void identify(ImageUses.Counted image) {
    image.known = containerd.image(image.layer);
  }

  private void tell() {
    List<ImageUse> told = new ArrayList<>();
    for (ImageUses.Counted image : uses.counted()) {
      if (image.isIdle()) {
        continue;
      }
      if (image.known.isEmpty()) {
        identify(image);
      }
      if (image.known.isPresent() && image.size.isEmpty()) {
        image.size = sizes.apply(image.layer);
      }
      take(image).ifPresent(told::add);
    }
    uses.tidy();
    if (!told.isEmpty()) {
      pool.accept(told);
    }
  }

  private static Optional<ImageUse> take(ImageUses.Counted image) {
    long starts = image.starts.sumThenReset();
    long missed = image.missedBytes.sumThenReset();
    if (image.known.isEmpty()) {
      LOG.debug("event=image-not-known layer={}", image.layer);
      return Optional.empty();
    }
    PulledImage known = image.known.get();
    ImageSize size = image.size.orElse(new ImageSize(0, 0));
    try {
      return Optional.of(
          new ImageUse(
              known.manifest(),
              known.name(),
              size.bytes(),
              size.files(),
              Math.min(starts, ImageUse.MOST),
              Math.min(missed, ImageUse.MOST_BYTES)));
    } catch (IllegalArgumentException e) {
      LOG.debug("event=image-not-told layer={} cause=\"{}\"", image.layer, e.getMessage());
      return Optional.empty();
    }
  }
}
