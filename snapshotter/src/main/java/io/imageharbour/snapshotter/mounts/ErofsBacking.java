package io.imageharbour.snapshotter.mounts;

/** How the kernel is given an EROFS image. */
public enum ErofsBacking {
  /** The file itself: Linux 6.12 and newer, on file systems that can do it. */
  FILE,
  /** A loop device that shows the file. */
  LOOP
}
