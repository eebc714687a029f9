package io.imageharbour.fusefs.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;

/** mount(2) and umount2(2). All methods are safe for use by several threads. */
public final class Mounts {

  /** Flags of mount(2), to be joined by {@code |}. */
  public static final long MS_RDONLY = 1;

  public static final long MS_NOSUID = 2;
  public static final long MS_NODEV = 4;
  public static final long MS_NOEXEC = 8;
  public static final long MS_REMOUNT = 32;
  public static final long MS_NOATIME = 1024;
  public static final long MS_BIND = 4096;
  public static final long MS_REC = 16384;
  public static final long MS_PRIVATE = 1 << 18;

  private static final int MNT_DETACH = 2;

  private Mounts() {}

  /**
   * Mounts a file system.
   *
   * @param source a device, a file or just a name, as the type wants it
   * @param target the directory to mount on
   * @param type of the file system, such as {@code erofs}
   * @param flags of mount(2), 0 for none
   * @param data the options of the file system, separated by commas; at most a page (4,095 bytes)
   * @throws LinuxException if the kernel refuses; it names source, target, type and options
   */
  public static void mount(String source, Path target, String type, long flags, String data)
      throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      int result =
          Libc.mount(
              arena.allocateFrom(source),
              arena.allocateFrom(target.toString()),
              arena.allocateFrom(type),
              flags,
              arena.allocateFrom(data));
      if (result < 0) {
        throw new LinuxException(
            "mount",
            "of type " + type + " (" + source + ", options \"" + data + "\") on " + target,
            -result);
      }
    }
  }

  /**
   * Takes the topmost mount off a directory at once, even if files on it are open: it goes away
   * when the last user does (MNT_DETACH).
   *
   * @throws LinuxException if the kernel refuses; {@link Errno#EINVAL} when nothing is mounted
   *     there
   */
  public static void unmountLazily(Path target) throws LinuxException {
    unmount(target, MNT_DETACH);
  }

  /**
   * Unmounts a file system that nobody uses.
   *
   * @throws LinuxException if the kernel refuses; {@link Errno#EBUSY} when it is in use
   */
  public static void unmount(Path target) throws LinuxException {
    unmount(target, 0);
  }

  private static void unmount(Path target, int flags) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      int result = Libc.umount2(arena.allocateFrom(target.toString()), flags);
      if (result < 0) {
        throw new LinuxException("umount", target.toString(), -result);
      }
    }
  }
}
