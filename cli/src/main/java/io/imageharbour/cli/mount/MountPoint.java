package io.imageharbour.cli.mount;

import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.FuseMounts;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.OpenFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
    Path parent = absolute.getParent();
    if (parent != null) {
      // of a mount whose process is gone, or another user's, the path can't be followed to its end
      absolute = real(directory, parent).resolve(absolute.getFileName());
      refuseMounted(directory, absolute);
    }
    Path real = real(directory, absolute);
    if (!Files.isDirectory(real)) {
      throw refusal(directory, "not a directory; a mount takes an empty one");
    }
    refuseMounted(directory, real);
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

  private static Path real(Path directory, Path path) throws IOException {
    try {
      return path.toRealPath();
    } catch (NoSuchFileException e) {
      throw refusal(directory, "no such directory; make it with mkdir -p");
    }
  }

  /** Takes a mount away whose process is gone; one that is served is in the way. */
  private static void refuseMounted(Path directory, Path path) throws IOException {
    List<MountTable.Mount> mounts = MountTable.on(path);
    if (mounts.isEmpty() || !mounts.getLast().type().equals(TreeMount.TYPE)) {
      return;
    }
    if (!isDead(path)) {
      throw refusal(
          directory, "an image is mounted there already; unmount it with fusermount -u " + path);
    }
    try {
      FuseMounts.unmountLazily(path);
    } catch (FileSystemException e) {
      throw refusal(
          directory,
          "a mount whose process is gone is there, and this user can't take it away (%s); as root: umount %s"
              .formatted(e.getReason(), path));
    }
  }

  /** Nobody answers for a mount whose process is gone, at once. */
  private static boolean isDead(Path directory) {
    try {
      OpenFile.open(directory, OpenFile.O_RDONLY).close();
      return false;
    } catch (LinuxException e) {
      // other users are denied access, dead or not
      return e.errno() == Errno.ENOTCONN;
    }
  }

  private static FileSystemException refusal(Path directory, String reason) {
    return new FileSystemException(directory.toString(), null, reason);
  }
}
