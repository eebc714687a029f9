package io.imageharbour.testbed.machine;

import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.UserCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * A release of Debian, for the containerd and the Docker in it. They are installed into a directory
 * that is kept in the user's cache and used read-only, 250 to 450 MB for each release.
 */
public enum DebianRelease {
  /** Debian 12: containerd 1.6. */
  BOOKWORM(List.of("containerd", "runc")),

  /** Debian 13: containerd 1.7, Docker 26, oras 1.2. */
  TRIXIE(List.of("containerd", "runc", "docker.io", "docker-cli", "docker-buildx", "oras")),

  /** What becomes Debian 14: containerd 2.1 and Docker 28, or newer ones. */
  FORKY(
      List.of(
          "containerd",
          "runc",
          "docker.io",
          "docker-cli",
          "docker-buildx",
          "systemd-standalone-sysusers"));

  /** Where the cache keeps what comes from releases. */
  static final String CACHE = "releases";

  private static final Duration LIMIT = Duration.ofMinutes(15);

  private final List<String> packages;

  DebianRelease(List<String> packages) {
    this.packages = packages;
  }

  /** What Debian's archive calls it. */
  String suite() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The root directory of a system of this release with its clients, made where it is not there
   * yet. Nobody may change it.
   *
   * @param progress told in a sentence what takes a while
   */
  Path root(Consumer<String> progress) throws IOException, InterruptedException {
    Command debian = bootstrap("minbase", packages);
    return new UserCache(CACHE, progress)
        .get(
            suite() + "_" + version(debian.toString()),
            "a system of Debian " + suite() + " with containerd",
            (target, scratch) -> debian.withArguments(suite(), target).run());
  }

  /**
   * Makes a system of this release: the command lacks the name of the suite, and behind it the
   * target.
   *
   * @param variant of mmdebstrap, which says what is installed besides the packages
   */
  Command bootstrap(String variant, List<String> packages) {
    return Command.of("mmdebstrap", "--quiet", "--variant=" + variant)
        // A mirror may be older than a release that moves promises to be; signatures count as ever.
        .withArguments("--aptopt=Acquire::Check-Valid-Until \"false\"")
        .withArguments("--include=" + String.join(",", packages))
        .withTimeout(LIMIT);
  }

  /** Stands for a recipe in the name of what is made by it. */
  static String version(String recipe) {
    return Digest.sha256(recipe.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 8);
  }
}
