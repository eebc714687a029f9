package io.imageharbour.cli.mount;

import io.imageharbour.cli.text.Escaped;
import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountOptions;
import io.imageharbour.fusefs.linux.Detachment;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.snapshotter.source.RegistrySource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** An index image that this process has mounted and serves. For use by one thread. */
public final class MountedImage implements AutoCloseable {

  private static final Duration GLANCE = Duration.ofMinutes(1);

  private final String name;
  private final MountCache cache;
  private final TreeMount mount;

  private MountedImage(String name, MountCache cache, TreeMount mount) {
    this.name = name;
    this.cache = cache;
    this.mount = mount;
  }

  /**
   * Mounts an image.
   *
   * @param target an empty directory
   * @param cacheDirectory the directory of the cache, or nothing for the user's own
   * @param others whether other users may look into it
   * @param client what files are fetched with; stays the caller's to close
   */
  public static MountedImage mount(
      IndexImage image,
      Path target,
      Optional<Path> cacheDirectory,
      boolean others,
      RegistryClient client)
      throws IOException {
    String name = image.repository().name() + "@" + image.manifest().digest();
    TreeNames names = new TreeNames(name);
    MountCache cache =
        MountCache.open(
            cacheDirectory, List.of(new RegistrySource(client, layer -> List.of())), names);
    try {
      know(cache.store(), name, image);
      TreeMountOptions options = others ? TreeMountOptions.SHARED : TreeMountOptions.OWN;
      TreeMount mount = cache.store().mountTree(name, image.index(), target, options);
      names.mounted(mount);
      return new MountedImage(name, cache, mount);
    } catch (IOException | RuntimeException | Error e) {
      try {
        cache.store().close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /** What people are told: where it is, and how to take it away. */
  public String summary() {
    return "%s is mounted on %s%nunmount it with: fusermount -u %s%n"
        .formatted(name, Escaped.line(mount.target().toString()), quoted(mount.target()));
  }

  /**
   * For letting go of the terminal and of whoever started this process: what is logged goes to the
   * file {@code log} in the cache then, which begins anew with each mount.
   */
  public Detachment prepareDetachment() throws IOException {
    return Detachment.prepare(cache.directory().resolve("log"));
  }

  /**
   * Waits until it is unmounted.
   *
   * @throws InterruptedException if the process was asked to end
   */
  public void awaitEnd() throws InterruptedException {
    boolean ended = false;
    while (!ended) {
      ended = mount.awaitEnd(GLANCE);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      mount.close();
    } finally {
      cache.store().close();
    }
  }

  /** Makes the store know this image and no other: others are read from their own indexes. */
  private static void know(ContentStore store, String name, IndexImage image) throws IOException {
    for (String other : store.images()) {
      if (!other.equals(name)) {
        store.remove(other);
      }
    }
    if (!store.images().contains(name)) {
      List<String> origins =
          Stream.concat(
                  Stream.of(image.repository().name().toString()), image.index().origins().stream())
              .distinct()
              .toList();
      store.add(name, image.index(), origins);
    }
  }

  private static String quoted(Path path) {
    String plain = Escaped.line(path.toString());
    return plain.matches("[\\w/.,:@%+=-]+") ? plain : "'" + plain.replace("'", "'\\''") + "'";
  }
}
