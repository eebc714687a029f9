package io.imageharbour.cli.mount;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.fusefs.ContentStoreInUseException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the mounts of a user keep what they fetch. A content store belongs to one process, so
 * mounts that there are at once get one each: {@code <cache>/0}, {@code <cache>/1} and so on, the
 * first that is free. A mount that comes after another finds what that one fetched.
 *
 * @param store the content store, the caller's to close
 * @param directory where it lies
 */
record MountCache(ContentStore store, Path directory) {

  private static final int MAX_MOUNTS = 256;

  /**
   * Opens the first store that is free.
   *
   * @param chosen the directory of the cache, or nothing for the user's own
   * @throws FileSystemException if nothing can be kept there
   */
  static MountCache open(Optional<Path> chosen, List<ContentSource> sources, ContentNames names)
      throws IOException {
    Path cache = chosen.isPresent() ? chosen.get().toAbsolutePath().normalize() : ofUser();
    CacheDirectory.make(cache);
    for (int i = 0; i < MAX_MOUNTS; i++) {
      Path directory = cache.resolve(Integer.toString(i));
      CacheDirectory.makePrivate(directory);
      try {
        ContentStore store =
            ContentStore.open(
                ContentStoreConfig.of(directory).withoutContentMount(), sources, names);
        return new MountCache(store, directory);
      } catch (ContentStoreInUseException e) {
        // the next one
      }
    }
    throw new FileSystemException(
        cache.toString(), null, "there are " + MAX_MOUNTS + " mounts with this cache");
  }

  /** As the XDG Base Directory Specification says. */
  private static Path ofUser() {
    Map<String, String> environment = System.getenv();
    String base = environment.getOrDefault("XDG_CACHE_HOME", "");
    if (base.startsWith("/")) {
      return Path.of(base, "harbour", "mount");
    }
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    return Path.of(home, ".cache", "harbour", "mount");
  }
}
