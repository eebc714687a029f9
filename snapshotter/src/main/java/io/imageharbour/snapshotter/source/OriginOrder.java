package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.RepositoryName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the origins of a pack into repositories in the order in which to ask them: as given, but
 * behind the first those before the others that have proved good, and those last that failed
 * lately. So a registry that went away costs its timeouts once, not with every frame. Safe for use
 * by several threads.
 */
final class OriginOrder {

  private static final Logger LOG = LoggerFactory.getLogger(OriginOrder.class);

  /** How long a failure counts. */
  private static final long PENALTY_NANOS = Duration.ofSeconds(60).toNanos();

  private final LayerSources layers;
  private final LongSupplier nanoTime;
  private final ConcurrentMap<RepositoryName, Long> failedAt = new ConcurrentHashMap<>();

  /** Those that have brought right bytes: an index may name many that let everybody wait. */
  private final Set<RepositoryName> proven = ConcurrentHashMap.newKeySet();

  OriginOrder(LayerSources layers, LongSupplier nanoTime) {
    this.layers = layers;
    this.nanoTime = nanoTime;
  }

  /** The repositories behind these origins, each once. */
  List<RepositoryName> repositories(List<String> origins) {
    SequencedSet<RepositoryName> all = new LinkedHashSet<>();
    for (String origin : origins) {
      Optional<LayerOrigin> layer = LayerOrigin.parse(origin);
      if (layer.isPresent()) {
        all.addAll(layers.of(layer.get()));
      } else {
        parse(origin).ifPresent(all::add);
      }
    }
    // looked up once: other threads change it, and a sort must not see that
    Set<RepositoryName> suspect =
        all.stream().filter(this::failedLately).collect(Collectors.toSet());
    Set<RepositoryName> good = all.stream().filter(proven::contains).collect(Collectors.toSet());
    Comparator<RepositoryName> suspectLast = Comparator.comparing(suspect::contains);
    List<RepositoryName> ordered = new ArrayList<>(all);
    ordered.sort(suspectLast);
    if (!ordered.isEmpty()) {
      ordered
          .subList(1, ordered.size())
          .sort(suspectLast.thenComparing(repository -> !good.contains(repository)));
    }
    return ordered;
  }

  void succeeded(RepositoryName repository) {
    failedAt.remove(repository);
    proven.add(repository);
  }

  void failed(RepositoryName repository) {
    failedAt.put(repository, nanoTime.getAsLong());
  }

  private boolean failedLately(RepositoryName repository) {
    Long at = failedAt.get(repository);
    return at != null && nanoTime.getAsLong() - at < PENALTY_NANOS;
  }

  private static Optional<RepositoryName> parse(String origin) {
    try {
      return Optional.of(RepositoryName.parse(origin));
    } catch (InvalidReferenceException e) {
      LOG.warn("event=origin-ignored cause=\"{}\"", e.getMessage());
      return Optional.empty();
    }
  }
}
