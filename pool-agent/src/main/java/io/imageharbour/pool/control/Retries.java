package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * When images that failed are tried again: after twice as long each time, up to an hour. For one
 * thread.
 */
final class Retries {

  static final Duration FIRST = Duration.ofSeconds(15);
  static final Duration LONGEST = Duration.ofHours(1);

  private final LongSupplier nanoTime;
  private final Map<Digest, Failed> failed = new HashMap<>();

  private record Failed(Duration pause, long since) {}

  Retries(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  boolean isDue(Digest image) {
    return Optional.ofNullable(failed.get(image))
        .map(last -> nanoTime.getAsLong() - last.since() >= last.pause().toNanos())
        .orElse(true);
  }

  /** Takes note of a failure; whether it is the first in a row. */
  boolean failed(Digest image) {
    Optional<Failed> last = Optional.ofNullable(failed.get(image));
    Duration pause = last.map(known -> known.pause().multipliedBy(2)).orElse(FIRST);
    failed.put(
        image, new Failed(pause.compareTo(LONGEST) < 0 ? pause : LONGEST, nanoTime.getAsLong()));
    return last.isEmpty();
  }

  void succeeded(Digest image) {
    failed.remove(image);
  }

  /** Forgets all others. */
  void keep(Set<Digest> images) {
    failed.keySet().retainAll(images);
  }
}
