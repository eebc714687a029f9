package io.imageharbour.testbed.guest;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.UserCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the guest boots: a kernel of Debian, and its first files with the modules that RDMA and
 * index images take. The package is unpacked, not installed, and what the guest needs of it is kept
 * in the user's cache directory, about 20 MB for each version.
 *
 * @param image the compressed kernel
 * @param initramfs its first files, not compressed: unpacking is slow in emulation
 */
public record GuestKernel(Path image, Path initramfs) {

  private static final String METAPACKAGE = "linux-image-amd64";

  /** Debian 13, with Linux 6.12. */
  private static final String SUITE_FOR_IMAGES = "trixie";

  /** Debian 12, with Linux 6.1. */
  private static final String SUITE_BEFORE_DATA_LAYERS = "bookworm";

  /** {@code Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)}. */
  private static final Pattern DEPENDS =
      Pattern.compile("(?m)^Depends: (linux-image-[\\w.+-]+) \\(= ([\\w.+~-]+)\\)");

  private static final List<String> MODULES =
      List.of(
          "virtio_pci",
          "9pnet_virtio",
          "9p",
          "overlay",
          "dummy",
          "veth",
          "rdma_ucm",
          "rdma_rxe",
          "fuse",
          "erofs",
          "ext4",
          "loop");

  /** Checksums that rdma_rxe asks for by name; newer kernels have them in themselves. */
  private static final List<String> MODULES_OF_OLDER_KERNELS =
      List.of("crc32_generic", "crc32c_generic");

  private static final Duration DOWNLOAD = Duration.ofMinutes(10);

  /** Puts a kernel's package, unpacked, into a directory that does not exist yet. */
  @FunctionalInterface
  private interface Unpacking {
    void unpack(Path target, Path scratch) throws IOException, InterruptedException;
  }

  /**
   * The kernel of the package lists that apt has, from the cache where it is there already.
   *
   * @param progress told in a sentence what takes a while
   */
  public static GuestKernel cached(Consumer<String> progress)
      throws IOException, InterruptedException {
    Matcher kernel =
        DEPENDS.matcher(
            Command.of("apt-cache", "show", "--no-all-versions", METAPACKAGE).attempt().text());
    if (!kernel.find()) {
      throw new HarbourException(
          "apt knows no kernel for a guest, %s: run apt-get update; only Debian on x86-64 has it"
              .formatted(METAPACKAGE));
    }
    String name = kernel.group(1);
    return cached(
        progress,
        name + "_" + kernel.group(2),
        (target, scratch) -> {
          Command.of("env", "--chdir", scratch, "apt-get", "-o", "Acquire::Retries=3", "download")
              .withArguments(name)
              .withTimeout(DOWNLOAD)
              .run();
          Command.of("dpkg-deb", "--extract", onlyFile(scratch, "*.deb"), target).run();
        });
  }

  /**
   * A kernel that can run index images, whichever one this machine has; from the cache where it is
   * there already.
   *
   * @param progress told in a sentence what takes a while
   */
  public static GuestKernel forIndexImages(Consumer<String> progress)
      throws IOException, InterruptedException {
    return ofSuite(progress, SUITE_FOR_IMAGES);
  }

  /**
   * A kernel whose overlayfs has no data-only layers, whichever one this machine has; from the
   * cache where it is there already.
   *
   * @param progress told in a sentence what takes a while
   */
  public static GuestKernel withoutDataLayers(Consumer<String> progress)
      throws IOException, InterruptedException {
    return ofSuite(progress, SUITE_BEFORE_DATA_LAYERS);
  }

  private static GuestKernel ofSuite(Consumer<String> progress, String suite)
      throws IOException, InterruptedException {
    return cached(
        progress,
        suite,
        (target, scratch) ->
            Command.of("mmdebstrap", "--quiet", "--variant=extract", "--include=" + METAPACKAGE)
                .withArguments(suite, target)
                .withTimeout(DOWNLOAD)
                .run());
  }

  private static GuestKernel cached(Consumer<String> progress, String name, Unpacking unpacking)
      throws IOException, InterruptedException {
    String init = resource("init");
    String recipe =
        Digest.sha256((MODULES + init).getBytes(StandardCharsets.UTF_8)).hex().substring(0, 8);
    Path directory =
        new UserCache("guest", progress)
            .get(
                name + "_" + recipe,
                "the guest's kernel, " + name,
                (target, scratch) -> {
                  Path unpacked = scratch.resolve("unpacked");
                  unpacking.unpack(unpacked, scratch);
                  make(unpacked, init, target, scratch);
                });
    return new GuestKernel(directory.resolve("vmlinuz"), directory.resolve("initramfs"));
  }

  /** A file that lies beside this class. */
  static String resource(String name) throws IOException {
    try (InputStream in = GuestKernel.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new HarbourException("the testbed lacks its file " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void make(Path unpacked, String init, Path target, Path scratch)
      throws IOException, InterruptedException {
    Path kernel = onlyFile(unpacked.resolve("boot"), "vmlinuz-*");
    String version = kernel.getFileName().toString().substring("vmlinuz-".length());
    linkModules(unpacked);
    Command.of("depmod", "--basedir", unpacked, version).run();

    Path files = Files.createDirectory(scratch.resolve("files"));
    Path bin = Files.createDirectory(files.resolve("bin"));
    Files.copy(busybox(), bin.resolve("busybox"));
    Command.of("chmod", "755", bin.resolve("busybox")).run();
    Files.writeString(files.resolve("init"), init);
    Command.of("chmod", "755", files.resolve("init")).run();
    copyModules(unpacked, version, Files.createDirectory(files.resolve("modules")));

    Files.createDirectory(target);
    Files.copy(kernel, target.resolve("vmlinuz"));
    Command.of(
            "sh",
            "-euc",
            "cd \"$1\" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc >\"$2\"",
            "cpio",
            files,
            target.resolve("initramfs"))
        .run();
  }

  private static Path busybox() throws IOException, InterruptedException {
    return Path.of(Command.of("sh", "-c", "command -v busybox").run().text());
  }

  /**
   * Kernels and kmod disagree about {@code /lib} and {@code /usr/lib}: makes both ways lead there.
   */
  private static void linkModules(Path unpacked) throws IOException {
    Path lib = unpacked.resolve("lib");
    Path usrLib = unpacked.resolve("usr/lib");
    boolean isInLib = Files.isDirectory(lib.resolve("modules"));
    Path there = isInLib ? lib : usrLib;
    Path missing = Files.createDirectories(isInLib ? usrLib : lib);
    Files.createSymbolicLink(
        missing.resolve("modules"), missing.relativize(there).resolve("modules"));
  }

  /** Copies modules and writes the file {@code order}, which says in what order they load. */
  private static void copyModules(Path unpacked, String version, Path to)
      throws IOException, InterruptedException {
    Command find =
        Command.of("modprobe", "--dirname", unpacked, "--set-version", version)
            .withArguments("--ignore-install", "--show-depends");
    Set<Path> modules = new LinkedHashSet<>();
    for (String name : MODULES_OF_OLDER_KERNELS) {
      modules.addAll(paths(find.withArguments(name).attempt().text()));
    }
    for (String name : MODULES) {
      modules.addAll(paths(find.withArguments(name).run().text()));
    }
    StringBuilder order = new StringBuilder();
    for (Path module : modules) {
      String name = module.getFileName().toString().replaceFirst("\\.xz$", "");
      if (module.toString().endsWith(".xz")) {
        Files.write(to.resolve(name), Command.of("xz", "-dc", module).run().bytes());
      } else {
        Files.copy(module, to.resolve(name));
      }
      order.append(name).append('\n');
    }
    Files.writeString(to.resolve("order"), order);
  }

  /** Reads {@code insmod PATH OPTION…}; what the kernel has in itself is {@code builtin NAME}. */
  private static List<Path> paths(String commands) {
    return commands
        .lines()
        .map(line -> line.split(" "))
        .filter(words -> words[0].equals("insmod"))
        .map(words -> Path.of(words[1]))
        .toList();
  }

  private static Path onlyFile(Path directory, String glob) throws IOException {
    try (var found = Files.newDirectoryStream(directory, glob)) {
      for (Path file : found) {
        return file;
      }
    }
    throw new HarbourException("there is no %s in %s".formatted(glob, directory));
  }
}
