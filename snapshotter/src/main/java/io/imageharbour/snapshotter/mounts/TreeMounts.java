package io.imageharbour.snapshotter.mounts;

import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.LoopDevice;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Mounts EROFS images, read-only, and unmounts trees of any kind. Safe for use by several threads.
 */
public final class TreeMounts {

  private static final String TYPE = "erofs";

  private TreeMounts() {}

  /**
   * Mounts an image on a directory, which is made if it is not there.
   *
   * @throws LinuxException if the kernel refuses
   */
  public static void mount(Path image, Path target, ErofsBacking backing) throws IOException {
    Files.createDirectories(target);
    switch (backing) {
      case FILE -> Mounts.mount(image.toString(), target, TYPE, Mounts.MS_RDONLY, "");
      case LOOP -> {
        try (LoopDevice device = LoopDevice.attachReadOnly(image)) {
          Mounts.mount(device.path().toString(), target, TYPE, Mounts.MS_RDONLY, "");
        }
      }
    }
  }

  /** Whether an EROFS image is mounted there. */
  public static boolean isMounted(Path target) throws IOException {
    return MountTable.on(target).stream().anyMatch(mount -> mount.type().equals(TYPE));
  }

  /** Takes away whatever is mounted there; containers that use it keep it until they end. */
  public static void unmount(Path target) throws IOException {
    try {
      while (true) {
        Mounts.unmountLazily(target);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOENT) {
        throw e;
      }
      // nothing is mounted there any more, or there is no such directory; a look at it beforehand
      // would fail where the mount is one of FUSE whose process is gone
    }
  }
}
