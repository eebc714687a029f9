package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A directory for one test. It lies in the build directory, because the kernel mounts no image that
 * lies on a tmpfs, which {@code /tmp} may be, without a loop device.
 */
final class WorkingDirectory implements AutoCloseable {

  private final Path root;

  WorkingDirectory() throws IOException {
    root = Files.createTempDirectory(Path.of("target").toRealPath(), "erofs");
  }

  Path path(String name) {
    return root.resolve(name);
  }

  /** Writes an image. */
  Path write(ImageIndex index) throws IOException {
    Path image = path("image.erofs");
    ErofsImage.write(index, image);
    return image;
  }

  /** Makes a content store with these contents. */
  Path store(Map<Digest, byte[]> contents) throws IOException {
    Path store = Files.createDirectories(path("cas"));
    for (Map.Entry<Digest, byte[]> content : contents.entrySet()) {
      String hex = content.getKey().hex();
      Path directory = Files.createDirectories(store.resolve(hex.substring(0, 2)));
      Files.write(directory.resolve(hex.substring(2)), content.getValue());
    }
    return store;
  }

  /** Deletes what is there; what a failed unmount left mounted stays. */
  @Override
  public void close() throws IOException, InterruptedException {
    Command.run("rm", "-rf", "--one-file-system", root.toString());
  }
}
