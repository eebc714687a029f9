package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;

/** No trees: this machine can't mount any. What was mounted before may still go. */
public final class NoTrees implements IndexTrees {

  private final SnapshotDirectories directories;
  private final String reasons;

  /** Refuses all trees below these directories for reasons that were found at start. */
  public NoTrees(SnapshotDirectories directories, String reasons) {
    this.directories = directories;
    this.reasons = reasons;
  }

  @Override
  public void mount(long id, ImageIndex index) throws IOException {
    throw new IndexSnapshotsUnsupportedException(reasons);
  }

  @Override
  public boolean remount(long id) throws IOException {
    throw new IndexSnapshotsUnsupportedException(reasons);
  }

  @Override
  public void release(long id) throws IOException {
    TreeMounts.unmount(directories.tree(id));
  }

  @Override
  public void close() {}
}
