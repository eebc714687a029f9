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

  /** Everything that a tree can hold and usual images don't, in three layers; nothing to run. */
  public OciLayout odd() throws IOException, InterruptedException {
    return cached(
        "odd-5",
        (target, scratch) -> {
          OciLayout layout = OciLayout.create(target);
          List<OciLayout.Layer> layers =
              List.of(
                  layout.addLayer(OddImage::lower),
                  layout.addLayer(OddImage::upper),
                  layout.addLayer(OddImage::top));
          return layout.finish(layout.addImage(architecture(), layers, List.of("/none")));
        });
  }

  /** A layer of every kind of archive and compression that clients unpack; nothing to run. */
  public OciLayout dialects() throws IOException, InterruptedException {
    return cached("dialects-1", DialectsImage::build);
  }

  /** As many layers as Docker allows, each changing what those below have; nothing to run. */
  public OciLayout manyLayers() throws IOException, InterruptedException {
    return cached("many-layers-1", (target, _) -> ManyLayersImage.build(128, target));
  }

  /** A hundred thousand files in one directory; nothing to run. */
  public OciLayout wide() throws IOException, InterruptedException {
    return ofOneLayer("wide-1", tar -> WideImage.write(100_000, tar));
  }

  /** One file, {@code /huge}, of 5 GiB, most of it a hole; nothing to run. */
  public OciLayout hugeFile() throws IOException, InterruptedException {
    return cached("huge-file-1", HugeFileImage::build);
  }

  /** Attributes of almost 64 KiB; nothing to run. */
  public OciLayout attributes() throws IOException, InterruptedException {
    return ofOneLayer("attributes-1", ExtremeImage::attributes);
  }

  /** A path that is longer than system calls take; nothing to run. */
  public OciLayout deep() throws IOException, InterruptedException {
    return ofOneLayer("deep-1", ExtremeImage::deep);
  }

  /** Debian with a config that has everything; run without arguments it tells what it has got. */
  public OciLayout configured() throws IOException, InterruptedException {
    OciLayout debian = debian();
    return cached("configured-1", (target, _) -> ConfiguredImage.build(debian, target));
  }

  /** Debian with set-user-ID programs, file capabilities and inherited ACLs, in /rights. */
  public OciLayout rights() throws IOException, InterruptedException {
    OciLayout debian = debian();
    return cached("rights-1", (target, _) -> RightsImage.build(debian, target));
  }

  /** A hundred thousand small files, all of them different; nothing to run. */
  public OciLayout manyFiles() throws IOException, InterruptedException {
    return ofOneLayer("many-files-1", tar -> ManyFilesImage.write(100_000, tar));
  }

  /** One file, {@code /big}, of 512 MiB that compress to about half. */
  public OciLayout bigFile() throws IOException, InterruptedException {
    return ofOneLayer("big-file-1", tar -> BigFileImage.write(512, tar));
  }

  private OciLayout onDebian(String name, List<String> packages, String... command)
      throws IOException, InterruptedException {
    OciLayout debian = debian();
    return cached(
        name,
        (target, scratch) ->
            new DebianImages(scratch).withPackages(target, debian, packages, List.of(command)));
  }

  private OciLayout ofOneLayer(String name, OciLayout.LayerWriter writer)
      throws IOException, InterruptedException {
    return cached(
        name,
        (target, _) -> {
          OciLayout layout = OciLayout.create(target);
          List<OciLayout.Layer> layers = List.of(layout.addLayer(writer));
          return layout.finish(layout.addImage(architecture(), layers, List.of("/none")));
        });
  }

  private OciLayout cached(String name, Recipe recipe) throws IOException, InterruptedException {
    return OciLayout.open(cache.get(name, "the image " + name, recipe::build));
  }
}
