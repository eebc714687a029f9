package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;

/**
 * Mounts the trees of index snapshots, each at {@link SnapshotDirectories#tree}. Safe for use by
 * several threads as long as each works on another snapshot.
 */
public interface IndexTrees extends AutoCloseable {

  /**
   * Mounts the tree of an index, whatever was there before; what that takes on disk is durable.
   *
   * @throws IOException if the disk is full, or {@link IndexMountException} if the kernel refuses
   */
  void mount(long id, ImageIndex index) throws IOException;

  /**
   * Mounts a tree after a start, if that takes no index; whether it is mounted now.
   *
   * @throws IOException if it can't be found out
   */
  boolean remount(long id) throws IOException;

  /**
   * Lets go of a tree, mounted or not. Whatever is mounted in its place afterwards is another's.
   */
  void release(long id) throws IOException;

  /** Lets go of what does not outlive this process. */
  @Override
  void close();
}
