package io.imageharbour.fusefs.linux;

/**
 * What statx(2) says of a file.
 *
 * @param mode its type and permissions, as in {@code st_mode}
 * @param links how many names it has; of a directory, two and its subdirectories, or 1 where the
 *     file system does not count them
 * @param uid the owner, an unsigned 32-bit number
 * @param gid the group, an unsigned 32-bit number
 * @param inode its number, the same for all names of one file
 * @param fileSystem a number for the file system, without which the inode's means nothing
 * @param size in bytes
 * @param mtimeSeconds modification time, seconds since 1970, negative before
 * @param mtimeNanos nanoseconds of it, 0 to 999,999,999
 * @param major number of the device that a device node stands for
 * @param minor number of the device that a device node stands for
 */
public record FileStatus(
    int mode,
    int links,
    int uid,
    int gid,
    long inode,
    long fileSystem,
    long size,
    long mtimeSeconds,
    int mtimeNanos,
    int major,
    int minor) {

  private static final int TYPE_MASK = 0170000;
  private static final int DIRECTORY = 0040000;

  /** The type alone, {@code S_IFMT} of the mode. */
  public int type() {
    return mode & TYPE_MASK;
  }

  /** The twelve bits of permissions, with set-user-ID, set-group-ID and sticky. */
  public int permissions() {
    return mode & ~TYPE_MASK;
  }

  public boolean isDirectory() {
    return type() == DIRECTORY;
  }
}
