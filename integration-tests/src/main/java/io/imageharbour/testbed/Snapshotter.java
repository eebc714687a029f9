package io.imageharbour.testbed;

import java.util.Locale;

/** The snapshotters that are compared. */
public enum Snapshotter {
  OVERLAYFS,
  HARBOUR;

  /** The name that containerd knows it by. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
