package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * When images that were loaded, or could not be, are looked at again: after twice as long each
 * time, up to an hour, until one is found to be there. For one thread.
 */
final class Retries {

  static final Duration FIRST = Duration.ofSeconds(15);
  static final Duration LONGEST = Duration.ofHours(1);

  private final LongSupplier nanoTime;
  private final Map<Digest, Tried> tried = new HashMap<>();

  private record Tried(Duration pause, long since) {}

  Retries(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  boolean isDue(Digest image) {
    return Optional.ofNullable(tried.get(image))
        .map(last -> nanoTime.getAsLong() - last.since() >= last.pause().toNanos())
        .orElse(true);
  }

  /** Takes note of an attempt; whether it is the first in a row. */
  boolean tried(Digest image) {
    Optional<Tried> last = Optional.ofNullable(tried.get(image));
    Duration pause = last.map(known -> known.pause().multipliedBy(2)).orElse(FIRST);
    tried.put(
        image, new Tried(pause.compareTo(LONGEST) < 0 ? pause : LONGEST, nanoTime.getAsLong()));
    return last.isEmpty();
  }

  void succeeded(Digest image) {
    tried.remove(image);
  }

  /** Forgets all others. */
  void keep(Set<Digest> images) {
    tried.keySet().retainAll(images);
  }
}
