package io.imageharbour.testbed;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Directories that are made once and kept in the user's cache directory; delete them to have them
 * made afresh. Several processes may use it at a time: one makes, the others wait for it.
 */
public final class UserCache {

  private final Path directory;
  private final Consumer<String> progress;

  /** Makes a directory that does not exist yet; what is in the scratch directory is removed. */
  @FunctionalInterface
  public interface Recipe {
    void make(Path target, Path scratch) throws IOException, InterruptedException;
  }

  /**
   * The cache {@code $XDG_CACHE_HOME/harbour/NAME}, by default {@code ~/.cache/harbour/NAME}.
   *
   * @param progress told in a sentence what takes a while
   */
  public UserCache(String name, Consumer<String> progress) {
    Path caches =
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
            .filter(home -> !home.isEmpty())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"));
    this.directory = caches.resolve("harbour").resolve(name);
    this.progress = progress;
  }

  /** Where things are kept. */
  public Path directory() {
    return directory;
  }

  /**
   * The directory of that name, made by the recipe where it is not there.
   *
   * @param making what is being made, as it reads after "building"
   */
  public Path get(String name, String making, Recipe recipe)
      throws IOException, InterruptedException {
    Path finished = directory.resolve(name);
    if (!Files.isDirectory(finished)) {
      Files.createDirectories(directory);
      // The lock goes with the process, so what lies in its directory later is nobody's.
      try (FileChannel channel =
              FileChannel.open(
                  directory.resolve(name + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var lock = channel.lock()) {
        if (lock.isValid() && !Files.isDirectory(finished)) {
          progress.accept("building " + making + ", once; it is kept in " + directory);
          make(name, recipe, finished);
        }
      }
    }
    return finished;
  }

  private void make(String name, Recipe recipe, Path finished)
      throws IOException, InterruptedException {
    Path building = directory.resolve(name + ".building");
    delete(building);
    try {
      Path scratch = Files.createDirectories(building.resolve("scratch"));
      Path target = building.resolve("target");
      recipe.make(target, scratch);
      Files.move(target, finished, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(building);
    }
  }

  private static void delete(Path directory) throws IOException, InterruptedException {
    Command.of("rm", "-rf", "--one-file-system", directory).run();
  }
}
