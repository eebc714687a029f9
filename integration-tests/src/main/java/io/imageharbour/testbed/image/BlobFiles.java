package io.imageharbour.testbed.image;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that are never changed once they are whole, so that two places may share them. */
final class BlobFiles {

  private BlobFiles() {}

  /**
   * Makes a second name for a blob, or a copy on another file system; does nothing if it exists.
   */
  static void linkOrCopy(Path from, Path to) throws IOException {
    if (Files.exists(to)) {
      return;
    }
    Files.createDirectories(to.getParent());
    try {
      Files.createLink(to, from);
    } catch (FileSystemException acrossFileSystems) {
      Files.copy(from, to);
    }
  }
}
