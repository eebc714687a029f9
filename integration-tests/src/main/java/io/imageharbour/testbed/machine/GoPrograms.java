package io.imageharbour.testbed.machine;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.UserCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Programs made of Go sources that Debian has: containerd's own snapshotter suite, a client of the
 * Container Runtime Interface, a registry that knows referrers. They are compiled once, in a system
 * of their release that is thrown away afterwards, and kept in the user's cache. They are linked
 * statically, so they run everywhere.
 */
public final class GoPrograms {

  private static final String SUITE = "suite";
  private static final String CRI = "cri";
  private static final String REGISTRY = "registry";

  private static final List<String> PACKAGES =
      List.of("golang-go", "golang-github-containerd-containerd-dev");

  /** Not in Debian 12, or too old there. */
  private static final List<String> MORE_PACKAGES =
      List.of(
          "golang-github-kubernetes-cri-api-dev", "golang-github-google-go-containerregistry-dev");

  private static final String COMPILE =
      """
      export HOME=/root GO111MODULE=off CGO_ENABLED=0 GOPATH=/usr/share/gocode GOFLAGS=-trimpath
      cd /src/suite && go test -c -o /src/out/suite .
      for program in cri registry; do
        [ ! -e /src/$program ] || { cd /src/$program && go build -o /src/out/$program .; }
      done
      """;

  private final Consumer<String> progress;

  /**
   * Uses the cache.
   *
   * @param progress told in a sentence what takes a while
   */
  public GoPrograms(Consumer<String> progress) {
    this.progress = progress;
  }

  /**
   * containerd's snapshotter suite as it is in this release, a Go test. It runs against the
   * snapshotter that listens on the socket {@code HARBOUR_SOCKET}. {@code HARBOUR_CLIENT} is any
   * name, and keeps those runs apart that use one snapshotter.
   *
   * @param release with containerd 1
   */
  public Path snapshotterSuite(DebianRelease release) throws IOException, InterruptedException {
    return programs(release).resolve(SUITE);
  }

  /**
   * A client of the Container Runtime Interface: {@code cri SOCKET METHOD [REQUEST]} with the
   * request and the answer in JSON. crictl itself is in no release of Debian.
   */
  public Path cri() throws IOException, InterruptedException {
    return programs(DebianRelease.TRIXIE).resolve(CRI);
  }

  /**
   * A registry that has the API for referrers: {@code registry ADDRESS:PORT}. It keeps everything
   * in memory.
   */
  public Path registry() throws IOException, InterruptedException {
    return programs(DebianRelease.TRIXIE).resolve(REGISTRY);
  }

  private Path programs(DebianRelease release) throws IOException, InterruptedException {
    Map<String, String> sources = new TreeMap<>();
    sources.put("suite/suite_test.go", resource("suite_test.go"));
    List<String> packages = new ArrayList<>(PACKAGES);
    if (release == DebianRelease.TRIXIE) {
      sources.put("cri/main.go", resource("cri.go"));
      sources.put("registry/main.go", resource("registry.go"));
      packages.addAll(MORE_PACKAGES);
    }
    String version = DebianRelease.version(packages + COMPILE + sources);
    return new UserCache(DebianRelease.CACHE, progress)
        .get(
            "go-" + release.suite() + "_" + version,
            "containerd's tests with Debian " + release.suite(),
            (target, scratch) -> {
              Path here = Files.createDirectory(scratch.resolve("src"));
              Files.createDirectory(here.resolve("out"));
              sources.put("compile", COMPILE);
              for (Map.Entry<String, String> source : sources.entrySet()) {
                Path file = here.resolve(source.getKey());
                Files.createDirectories(file.resolveSibling(""));
                Files.writeString(file, source.getValue());
              }
              release
                  .bootstrap("apt", packages)
                  .withArguments("--customize-hook=mkdir \"$1/src\"")
                  .withArguments("--customize-hook=sync-in " + here + " /src")
                  .withArguments("--customize-hook=chroot \"$1\" sh -eux /src/compile")
                  .withArguments(
                      "--customize-hook=sync-out /src/out " + Files.createDirectory(target))
                  .withArguments(release.suite(), "/dev/null")
                  .run();
            });
  }

  /** A file that lies beside this class. */
  static String resource(String name) throws IOException {
    try (InputStream in = GoPrograms.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new HarbourException("the testbed lacks its file " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
