package io.imageharbour.testbed.image;

import io.imageharbour.fusefs.linux.OpenDirectory;
import io.imageharbour.testbed.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * Builds images from Debian packages, as a Dockerfile with {@code FROM} and one {@code RUN apt-get
 * install} would: the base with mmdebstrap, what is on it as the difference that overlayfs records.
 */
final class DebianImages {

  private static final String SUITE = "bookworm";
  private static final Duration LIMIT = Duration.ofMinutes(15);

  /**
   * Installs packages in an overlay of {@code $1} (the lower directory) that leaves the difference
   * in {@code $2}; {@code $3} is overlayfs's work directory and {@code $4} the mount point. It runs
   * in a mount namespace of its own, so that its mounts end with it however it ends.
   */
  private static final String INSTALL =
      """
      lower=$1 upper=$2 work=$3 root=$4; shift 4
      mount -t overlay overlay "$root" \
        -o "lowerdir=$lower,upperdir=$upper,workdir=$work,redirect_dir=off,metacopy=off,index=off"
      mount -t proc proc "$root/proc"
      mount --rbind /dev "$root/dev"
      mount -t tmpfs tmpfs "$root/tmp"
      cp /etc/resolv.conf "$root/etc/resolv.conf"
      printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d"
      chmod 755 "$root/usr/sbin/policy-rc.d"
      export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
      chroot "$root" apt-get --quiet update
      chroot "$root" apt-get --quiet --yes --no-install-recommends install "$@"
      chroot "$root" apt-get clean
      rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/*.log \
        "$root/var/log/apt" "$root/usr/sbin/policy-rc.d"
      """;

  private final Path scratch;

  /**
   * @param scratch an existing directory for what is needed while building
   */
  DebianImages(Path scratch) {
    this.scratch = scratch;
  }

  /** Debian's essential packages and apt, in one layer. */
  OciLayout base(Path target) throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(target);
    OciLayout.Layer layer =
        layout.addLayer(
            tar ->
                Pipe.run(
                    Command.of("mmdebstrap", "--quiet", "--variant=minbase", SUITE, "-"), tar));
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(layer), List.of("bash")));
  }

  /** The base with one more layer of packages. */
  OciLayout withPackages(Path target, OciLayout base, List<String> packages, List<String> command)
      throws IOException, InterruptedException {
    Path lower = unpack(base);
    Path upper = directory("upper");
    Command.of("unshare", "--mount", "--propagation", "private", "sh", "-euc", INSTALL, "install")
        .withArguments(lower, upper, directory("work"), directory("root"))
        .withArguments(packages.toArray())
        .withTimeout(LIMIT)
        .run();
    convertWhiteouts(upper);
    OciLayout layout = OciLayout.create(target);
    OciLayout.Layer below = layout.addLayer(base, base.layers().getFirst());
    OciLayout.Layer above = layout.addLayer(tar -> Pipe.run(archive(upper), tar));
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(below, above), command));
  }

  private Path unpack(OciLayout image) throws IOException, InterruptedException {
    Path lower = directory("lower");
    for (OciLayout.Layer layer : image.layers()) {
      Command.of("tar", "--extract", "--gzip", "--numeric-owner", "--xattrs", "--xattrs-include=*")
          .withArguments("--directory", lower, "--file", image.blob(layer.blob()))
          .run();
    }
    return lower;
  }

  private Path directory(String name) throws IOException {
    return Files.createDirectory(scratch.resolve(name));
  }

  /** Turns what overlayfs notes in its upper directory into what a layer says instead. */
  private static void convertWhiteouts(Path upper) throws IOException {
    try (Stream<Path> tree = Files.walk(upper)) {
      for (Path path : tree.filter(DebianImages::isWhiteout).toList()) {
        Files.delete(path);
        Files.createFile(path.resolveSibling(".wh." + path.getFileName()));
      }
    }
    try (Stream<Path> tree = Files.walk(upper)) {
      for (Path directory : tree.filter(Files::isDirectory).toList()) {
        if (isOpaque(directory)) {
          Files.createFile(directory.resolve(".wh..wh..opq"));
        }
      }
    }
  }

  private static boolean isOpaque(Path directory) throws IOException {
    try (OpenDirectory open = OpenDirectory.open(directory)) {
      return open.xattrs().stream()
          .anyMatch(xattr -> xattr.name().equals("trusted.overlay.opaque"));
    }
  }

  /** A character device with the number 0/0. */
  private static boolean isWhiteout(Path path) {
    try {
      int type = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0170000;
      long device = (long) Files.getAttribute(path, "unix:rdev", LinkOption.NOFOLLOW_LINKS);
      return type == 0020000 && device == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Command archive(Path tree) {
    return Command.of("tar", "--create", "--format=posix", "--sort=name", "--numeric-owner")
        .withArguments("--pax-option=delete=atime,delete=ctime", "--xattrs")
        .withArguments("--xattrs-include=security.capability", "--xattrs-include=user.*")
        .withArguments("--directory", tree, ".")
        .withTimeout(LIMIT);
  }
}
