package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.cluster.CatalogImage;
import io.imageharbour.pool.load.ImageChunks;
import io.imageharbour.pool.load.Presence;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Finds out how much of an image lies in the pool, and where. What an image consists of is read
 * from its registry, and remembered of the images that were looked at last. For one thread.
 */
final class PoolSurvey {

  /** The chunks that are remembered, of all images together: some 30 MB. */
  private static final int MOST_CHUNKS = 400_000;

  /** Reading an index takes that many times its bytes of heap; it gets a quarter of it. */
  private static final int HEAP_PER_INDEX_BYTE = 4 * 12;

  /** So many of an image's names are tried. */
  private static final int MOST_NAMES = 3;

  private final RegistryClient registries;
  private final Set<String> hosts;
  private final int replicas;
  private final LinkedHashMap<Digest, ImageChunks> known =
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);

  /** The image itself, if it had to be opened. */
  private Optional<IndexImage> opened = Optional.empty();

  /**
   * What was found.
   *
   * @param all chunks of the image
   * @param presence of these
   */
  record Found(ImageChunks all, Presence presence) {

    /** Bytes that some agent has. */
    long bytesThere() {
      return bytes(presence.there());
    }

    /** Bytes that each agent has. */
    Map<String, Long> agents() {
      Map<String, Long> agents = new TreeMap<>();
      presence
          .byAgent()
          .forEach(
              (agent, has) -> {
                if (agents.size() < CatalogImage.MAX_AGENTS) {
                  agents.put(agent.id(), bytes(has));
                }
              });
      return agents;
    }

    private long bytes(BitSet positions) {
      return ImageChunks.bytes(all.some(positions));
    }
  }

  /**
   * A survey.
   *
   * @param hosts the registries that images are opened from; what else nodes name is left alone, as
   *     anybody with the pool's token may name anything
   */
  PoolSurvey(RegistryClient registries, Set<String> hosts, int replicas) {
    this.registries = registries;
    this.hosts = Set.copyOf(hosts);
    this.replicas = replicas;
  }

  /**
   * Looks at an image.
   *
   * @throws IOException if the registry can't be read, or what it has is no index image
   */
  Found look(CatalogImage image, PoolControl pool) throws IOException, InterruptedException {
    opened = Optional.empty();
    Optional<ImageChunks> remembered = Optional.ofNullable(known.get(image.id()));
    ImageChunks all =
        remembered.isPresent() ? remembered.get() : ImageChunks.of(open(image).index());
    remember(image.id(), all);
    return new Found(all, Presence.ask(pool.agents(), replicas, all.digests()));
  }

  /** Opens the image that was looked at last, if that has not been done. */
  IndexImage open(CatalogImage image) throws IOException, InterruptedException {
    if (opened.isEmpty()) {
      opened = Optional.of(openByAnyName(image));
    }
    return opened.get();
  }

  /** Lets go of what only loading needs. */
  void release() {
    opened = Optional.empty();
  }

  /** Whether one of the image's names is at a registry that images are opened from. */
  boolean mayOpen(CatalogImage image) {
    return !repositories(image).isEmpty();
  }

  private List<RepositoryName> repositories(CatalogImage image) {
    List<RepositoryName> repositories = new ArrayList<>();
    for (String name : image.names()) {
      try {
        RepositoryName repository = ImageReference.parse(name).repository();
        if (hosts.contains(repository.registry())) {
          repositories.add(repository);
        }
      } catch (InvalidReferenceException e) {
        // no name of an image: whoever told it is wrong
        continue;
      }
    }
    return repositories;
  }

  private IndexImage openByAnyName(CatalogImage image) throws IOException, InterruptedException {
    Optional<IOException> failure = Optional.empty();
    for (RepositoryName name : repositories(image).stream().limit(MOST_NAMES).toList()) {
      try {
        return IndexImage.open(
            registries.repository(name),
            image.id(),
            Runtime.getRuntime().maxMemory() / HEAP_PER_INDEX_BYTE);
      } catch (IOException e) {
        failure = Optional.of(failure.orElse(e));
      }
    }
    throw failure.orElseGet(() -> new IOException("nobody says which registry has it"));
  }

  private void remember(Digest image, ImageChunks all) {
    known.put(image, all);
    long chunks = known.values().stream().mapToLong(each -> each.chunks().size()).sum();
    while (chunks > MOST_CHUNKS && known.size() > 1) {
      chunks -= known.pollFirstEntry().getValue().chunks().size();
    }
  }
}
