package io.imageharbour.snapshotter.store;

/** What a snapshot is good for. */
public enum SnapshotKind {
  /** Read-only, of a committed parent; can't be committed. */
  VIEW("view"),
  /** Writable; becomes committed, or is removed. */
  ACTIVE("active"),
  /** Never changes again; other snapshots stand on it. */
  COMMITTED("committed");

  private final String filterName;

  SnapshotKind(String filterName) {
    this.filterName = filterName;
  }

  /** The name in containerd's filters. */
  public String filterName() {
    return filterName;
  }
}
