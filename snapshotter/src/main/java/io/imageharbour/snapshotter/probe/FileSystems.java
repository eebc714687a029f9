package io.imageharbour.snapshotter.probe;

import io.imageharbour.fusefs.linux.OpenFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** What the file system under the root directory is, and what that means. */
final class FileSystems {

  private static final long EXT4 = 0xEF53;
  private static final long XFS = 0x58465342;
  private static final long BTRFS = 0x9123683EL;
  private static final long OVERLAYFS = 0x794C7630;
  private static final long TMPFS = 0x01021994;

  /** From {@code include/uapi/linux/magic.h}. */
  private static final Map<Long, String> NAMES =
      Map.of(
          EXT4,
          "ext4",
          XFS,
          "xfs",
          BTRFS,
          "btrfs",
          OVERLAYFS,
          "overlayfs",
          TMPFS,
          "tmpfs",
          0x2FC12FC1L,
          "zfs",
          0x6969L,
          "nfs",
          0xF2F52010L,
          "f2fs",
          0x65735546L,
          "fuse");

  private static final String MOVE = "put --root on ext4, xfs or btrfs";

  private FileSystems() {}

  static Finding of(Path directory) throws IOException {
    long type;
    try (OpenFile opened = OpenFile.open(directory, OpenFile.O_RDONLY)) {
      type = opened.fileSystemType();
    }
    String name = NAMES.getOrDefault(type, "type 0x" + Long.toHexString(type));
    String subject = "file system of the root directory";
    if (type == EXT4 || type == XFS || type == BTRFS) {
      return Finding.good(subject, name);
    }
    if (type == OVERLAYFS) {
      return Finding.warning(
          subject, name + ": the kernel refuses FUSE passthrough to files on it", MOVE);
    }
    if (type == TMPFS) {
      return Finding.warning(
          subject, name + ": it fills memory, and everything is fetched again after a boot", MOVE);
    }
    return Finding.warning(subject, name + ": not tested", MOVE);
  }
}
