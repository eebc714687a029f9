package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.image.AttachedIndex;
import io.imageharbour.indexer.image.ChainIds;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for indexes beside images in the registries that they are pulled from. That there is none,
 * or that a registry could not say, is remembered for a minute: a client asks again for every layer
 * of an image.
 *
 * <p>Nothing is looked for outside of the repositories that the operator trusts: nothing says that
 * an index beside an image has the files of the image's layers, and what the snapshots of those
 * layers show, all images on this node see that have the same ones. Safe for use by several
 * threads.
 */
public final class RegistryAttachedImages implements AttachedImages {

  private static final Logger LOG = LoggerFactory.getLogger(RegistryAttachedImages.class);

  private static final long REMEMBERED_NANOS = Duration.ofMinutes(1).toNanos();
  private static final int MAX_REMEMBERED = 1000;

  /** So long a client waits at most, for one answer and for the files of an image. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final String ALL = "*";

  private final RegistryClient registries;
  private final List<String> trusted;
  private final LongSupplier nanoTime;
  private final Map<Asked, Long> missing = new LinkedHashMap<>();

  private record Asked(String repository, Digest manifest) {}

  /**
   * Asks these.
   *
   * @param registries gives up after seconds, for a client waits
   * @param trusted registries ({@code host[:port]}) and repositories or the beginnings of their
   *     paths ({@code host/team}); {@code *} for all
   */
  public RegistryAttachedImages(RegistryClient registries, List<String> trusted) {
    this(registries, trusted, System::nanoTime);
  }

  RegistryAttachedImages(RegistryClient registries, List<String> trusted, LongSupplier nanoTime) {
    this.registries = registries;
    this.trusted = List.copyOf(trusted);
    this.nanoTime = nanoTime;
  }

  private boolean isTrusted(String repository) {
    return trusted.stream()
        .anyMatch(
            entry ->
                entry.equals(ALL)
                    || repository.equals(entry)
                    || repository.startsWith(entry + "/"));
  }

  @Override
  public List<AttachedImage> find(ImageReference image, Digest manifest) {
    Asked asked = new Asked(image.repository().toString(), manifest);
    if (!isTrusted(asked.repository()) || isMissing(asked)) {
      return List.of();
    }
    List<AttachedImage> found = List.of();
    try {
      Repository repository = registries.repository(image.repository());
      found = limited(LIMIT, () -> ask(repository, manifest));
    } catch (IOException e) {
      LOG.warn(
          "event=attached-index-not-asked image={} manifest={} cause=\"{}\"",
          image,
          manifest,
          e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
    if (found.isEmpty()) {
      remember(asked);
    }
    return found;
  }

  @Override
  public void forget(ImageReference image, Digest manifest) {
    remember(new Asked(image.repository().toString(), manifest));
  }

  /** A registry that sends a byte now and then is never late by itself. */
  private static <T> T limited(Duration limit, Callable<T> work)
      throws IOException, InterruptedException {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = Thread.ofVirtual().name("attached-index").start(task);
    try {
      return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new HarbourException(
          "the registry took longer than " + LIMIT.toSeconds() + " s for the index beside it", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case InterruptedException interrupted -> throw interrupted;
        case null, default ->
            throw new IOException("looking beside the image failed", e.getCause());
      }
    } finally {
      thread.interrupt();
    }
  }

  private synchronized boolean isMissing(Asked asked) {
    Long until = missing.get(asked);
    return until != null && nanoTime.getAsLong() - until < 0;
  }

  private synchronized void remember(Asked asked) {
    missing.remove(asked);
    missing.put(asked, nanoTime.getAsLong() + REMEMBERED_NANOS);
    if (missing.size() > MAX_REMEMBERED) {
      missing.remove(missing.keySet().iterator().next());
    }
  }

  private static List<AttachedImage> ask(Repository repository, Digest manifest)
      throws IOException, InterruptedException {
    List<AttachedIndex> indexes = AttachedIndex.findAll(repository, manifest);
    if (indexes.isEmpty()) {
      return List.of();
    }
    ImageReader reader = new ImageReader(repository);
    if (!(reader.parse(repository.manifest(manifest.toString())) instanceof ImageManifest image)) {
      throw new HarbourException(manifest + " of " + repository.name() + " is no image");
    }
    List<Digest> chain = ChainIds.of(reader.diffIds(image, reader.config(image.config())));
    if (chain.isEmpty()) {
      throw new HarbourException(manifest + " of " + repository.name() + " has no layer");
    }
    long deadline = System.nanoTime() + LIMIT.toNanos();
    List<AttachedImage> found = new ArrayList<>();
    indexes.forEach(index -> found.add(new FoundImage(index, chain, deadline)));
    return found;
  }

  /**
   * One of them.
   *
   * @param deadline for the files of all that were found together, as {@link System#nanoTime}
   */
  private record FoundImage(AttachedIndex attached, List<Digest> chainIds, long deadline)
      implements AttachedImage {

    @Override
    public void save(Path index, Path recipe) throws IOException, InterruptedException {
      boolean unused =
          limited(
              Duration.ofNanos(deadline - System.nanoTime()),
              () -> {
                saveFiles(index, recipe);
                return true;
              });
    }

    private void saveFiles(Path index, Path recipe) throws IOException, InterruptedException {
      try (OutputStream out = Files.newOutputStream(index, StandardOpenOption.CREATE_NEW)) {
        attached.copyIndex(out);
      }
      try (OutputStream out = Files.newOutputStream(recipe, StandardOpenOption.CREATE_NEW)) {
        attached.copyRecipe(out);
      }
    }
  }
}
