package io.imageharbour.fusefs.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Unmounts FUSE file systems, for root and for others. Safe for use by several threads. */
public final class FuseMounts {

  private static final long FUSERMOUNT_SECONDS = 10;

  /** What fusermount allows. */
  public static final Path CONFIGURATION = Path.of("/etc/fuse.conf");

  private FuseMounts() {}

  /**
   * Takes the topmost mount off a directory at once, even if files on it are open. Nothing happens
   * if nothing is mounted there.
   *
   * @throws IOException if the kernel refuses, or {@code fusermount}, which others than root need
   */
  public static void unmountLazily(Path target) throws IOException {
    if (isRoot()) {
      try {
        Mounts.unmountLazily(target);
      } catch (LinuxException e) {
        if (e.errno() != Errno.EINVAL) {
          throw e;
        }
        // EINVAL: somebody has unmounted it already
      }
      return;
    }
    Process fusermount =
        new ProcessBuilder("fusermount", "-u", "-z", "--", target.toString())
            .redirectErrorStream(true)
            .start();
    String said =
        new String(fusermount.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (!fusermount.waitFor(FUSERMOUNT_SECONDS, TimeUnit.SECONDS)) {
        fusermount.destroyForcibly();
      }
    } catch (InterruptedException e) {
      fusermount.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    if (!MountTable.on(target).isEmpty()) {
      throw new FileSystemException(target.toString(), null, "fusermount -u failed: " + said);
    }
  }

  /**
   * Whether others may be let into mounts of this user, as fusermount decides it; true, too, where
   * it reads what this user may not.
   */
  public static boolean mayShare() throws IOException {
    if (isRoot() || (Files.exists(CONFIGURATION) && !Files.isReadable(CONFIGURATION))) {
      return true;
    }
    return Files.exists(CONFIGURATION)
        && Files.readAllLines(CONFIGURATION, StandardCharsets.ISO_8859_1).stream()
            .anyMatch(line -> line.replaceFirst("#.*", "").strip().equals("user_allow_other"));
  }

  /** Whether this process runs as root. */
  public static boolean isRoot() throws IOException {
    return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
  }
}
