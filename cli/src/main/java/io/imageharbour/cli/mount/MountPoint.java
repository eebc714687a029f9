package io.imageharbour.cli.mount;

import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.linux.FuseMounts;
import io.imageharbour.fusefs.linux.MountTable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;

/** The directory that somebody wants an image mounted on. */
public final class MountPoint {

  private MountPoint() {}

  /**
   * Checks that a directory can be mounted on, and takes away a mount whose process is gone.
   *
   * @return its path without links
   * @throws FileSystemException if it can't be mounted on, with what to do
   */
  public static Path prepare(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath().normalize();
    if (absolute.getParent() != null) {
      // of a mount whose process is gone the path can't be followed to its end
      absolute = absolute.getParent().toRealPath().resolve(absolute.getFileName());
      removeDead(absolute);
    }
    Path real = absolute.toRealPath();
    if (!Files.isDirectory(real)) {
      throw new NotDirectoryException(directory.toString());
    }
    List<MountTable.Mount> mounts = MountTable.on(real);
    if (!mounts.isEmpty() && mounts.getLast().type().equals(TreeMount.TYPE)) {
      throw refusal(
          directory, "an image is mounted there already; unmount it with fusermount -u " + real);
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(real)) {
      if (entries.iterator().hasNext()) {
        throw refusal(directory, "the directory is not empty, and a mount would hide its files");
      }
    }
    if (!Files.isWritable(real)) {
      throw refusal(
          directory, "this user may not write to the directory, and so may not mount on it");
    }
    return real;
  }

  private static void removeDead(Path directory) throws IOException {
    List<MountTable.Mount> mounts = MountTable.on(directory);
    if (!mounts.isEmpty() && mounts.getLast().type().equals(TreeMount.TYPE) && isDead(directory)) {
      FuseMounts.unmountLazily(directory);
    }
  }

  /** Nobody answers for a mount whose process is gone, at once. */
  private static boolean isDead(Path directory) {
    try {
      return !Files.readAttributes(directory, "isDirectory").containsKey("isDirectory");
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private static FileSystemException refusal(Path directory, String reason) {
    return new FileSystemException(directory.toString(), null, reason);
  }
}
