package io.imageharbour.testbed.image;

import io.imageharbour.testbed.UserCache;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * The images that tests, benchmarks and the quickstart work with. They are built once and kept in
 * the user's cache directory; delete that to have them built afresh. Several processes may use it
 * at a time: one builds, the others wait for it.
 */
public final class TestImages {

  private static final List<String> PYTHON_PACKAGES =
      List.of(
          "python3",
          "python3-numpy",
          "python3-requests",
          "python3-pip",
          "python3-cryptography",
          "python3-sqlalchemy",
          "git");

  private final UserCache cache;

  private TestImages(UserCache cache) {
    this.cache = cache;
  }

  /** Makes an image in a directory that does not exist yet. */
  @FunctionalInterface
  private interface Recipe {
    OciLayout build(Path target, Path scratch) throws IOException, InterruptedException;
  }

  /**
   * The images of {@code $XDG_CACHE_HOME/harbour/images}, by default {@code
   * ~/.cache/harbour/images}.
   *
   * @param progress told in a sentence what takes a while
   */
  public static TestImages cached(Consumer<String> progress) {
    return new TestImages(new UserCache("images", progress));
  }

  /** Where they are kept. */
  public Path directory() {
    return cache.directory();
  }

  /** What this machine's architecture is called in images. */
  public static String architecture() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
  }

  /** Debian 12 with nothing but the essential packages: 60 MB compressed, 170 MB unpacked. */
  public OciLayout debian() throws IOException, InterruptedException {
    return cached("debian-1", (target, scratch) -> new DebianImages(scratch).base(target));
  }

  /** On it Python with numpy and a few other packages: about 130 MB compressed, 370 MB unpacked. */
  public OciLayout python() throws IOException, InterruptedException {
    return onDebian("python-1", PYTHON_PACKAGES, "python3");
  }

  /** On it nginx. */
  public OciLayout nginx() throws IOException, InterruptedException {
    return onDebian("nginx-1", List.of("nginx-light"), "nginx", "-g", "daemon off;");
  }

  /** On it Redis. */
  public OciLayout redis() throws IOException, InterruptedException {
    return onDebian("redis-1", List.of("redis-server"), "redis-server");
  }

  /** Everything that a tree can hold and usual images don't, in two layers; nothing to run. */
  public OciLayout odd() throws IOException, InterruptedException {
    return cached(
        "odd-2",
        (target, scratch) -> {
          OciLayout layout = OciLayout.create(target);
          List<OciLayout.Layer> layers =
              List.of(layout.addLayer(OddImage::lower), layout.addLayer(OddImage::upper));
          return layout.finish(layout.addImage(architecture(), layers, List.of("/none")));
        });
  }

  /** A hundred thousand small files, all of them different; nothing to run. */
  public OciLayout manyFiles() throws IOException, InterruptedException {
    return cached(
        "many-files-1",
        (target, scratch) -> {
          OciLayout layout = OciLayout.create(target);
          OciLayout.Layer layer = layout.addLayer(tar -> ManyFilesImage.write(100_000, tar));
          return layout.finish(layout.addImage(architecture(), List.of(layer), List.of("/none")));
        });
  }

  /** One file, {@code /big}, of 512 MiB that compress to about half. */
  public OciLayout bigFile() throws IOException, InterruptedException {
    return cached(
        "big-file-1",
        (target, scratch) -> {
          OciLayout layout = OciLayout.create(target);
          OciLayout.Layer layer = layout.addLayer(tar -> BigFileImage.write(512, tar));
          return layout.finish(layout.addImage(architecture(), List.of(layer), List.of("/none")));
        });
  }

  private OciLayout onDebian(String name, List<String> packages, String... command)
      throws IOException, InterruptedException {
    OciLayout debian = debian();
    return cached(
        name,
        (target, scratch) ->
            new DebianImages(scratch).withPackages(target, debian, packages, List.of(command)));
  }

  private OciLayout cached(String name, Recipe recipe) throws IOException, InterruptedException {
    return OciLayout.open(cache.get(name, "the image " + name, recipe::build));
  }
}
