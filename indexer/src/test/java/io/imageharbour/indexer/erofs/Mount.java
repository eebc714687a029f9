package io.imageharbour.indexer.erofs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system that is mounted as long as a test lasts. */
final class Mount implements AutoCloseable {

  private static final long READ_ONLY = 1;

  private final Path directory;

  private Mount(Path directory) {
    this.directory = directory;
  }

  /** Mounts an image through a loop device. */
  static Mount loop(Path image, Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Command.run("mount", "-t", "erofs", "-o", "ro,loop", image.toString(), directory.toString());
    return new Mount(directory);
  }

  /** Mounts an image as it lies in its file system; mount(8) would put a loop device between. */
  static Mount file(Path image, Path directory) throws IOException {
    Files.createDirectories(directory);
    SystemCalls.mount(image.toString(), directory.toString(), "erofs", READ_ONLY, "");
    return new Mount(directory);
  }

  /** Mounts an image as Harbour does: a tree over a data-only layer. */
  static Mount overlay(Path tree, Path contents, Path directory) throws IOException {
    return layers(tree + "::" + contents, directory);
  }

  /** Mounts layers over each other. */
  static Mount layers(String layers, Path directory) throws IOException {
    Files.createDirectories(directory);
    String options = "lowerdir=" + layers;
    SystemCalls.mount("overlay", directory.toString(), "overlay", READ_ONLY, options);
    return new Mount(directory);
  }

  /** Where it is mounted. */
  Path directory() {
    return directory;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    Command.run("umount", "-l", directory.toString());
  }
}
