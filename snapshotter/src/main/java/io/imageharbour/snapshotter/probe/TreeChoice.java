package io.imageharbour.snapshotter.probe;

/** Which ways to mount the trees of images are tried. */
public enum TreeChoice {
  /** EROFS with data-only layers, and where the kernel can't do that, FUSE. */
  AUTO,
  /** EROFS with data-only layers, or none. */
  EROFS,
  /** FUSE, whatever the kernel can do. */
  FUSE
}
