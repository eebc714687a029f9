package io.imageharbour.fusefs;

/**
 * How a tree is mounted.
 *
 * @param layer whether it becomes a layer of overlayfs: what overlayfs would take for an
 *     instruction is escaped
 * @param others whether other users than the one who mounts it may look into it, as the modes of
 *     the files say; without it only that user may, and sees everything. Users without root need
 *     {@code user_allow_other} in {@code /etc/fuse.conf}
 */
public record TreeMountOptions(boolean layer, boolean others) {

  /** A layer for overlayfs. */
  public static final TreeMountOptions LAYER = new TreeMountOptions(true, true);

  /** The tree as it is, for the user who mounts it. */
  public static final TreeMountOptions OWN = new TreeMountOptions(false, false);

  /** The tree as it is, for everybody on this machine. */
  public static final TreeMountOptions SHARED = new TreeMountOptions(false, true);
}
