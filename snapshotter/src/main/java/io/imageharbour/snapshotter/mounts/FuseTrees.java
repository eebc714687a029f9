package io.imageharbour.snapshotter.mounts;

import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountOptions;
import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trees that this process serves, for kernels that can't do without. They are dead when the process
 * has ended, and the containers on them with them; the next start mounts them anew, for others.
 */
public final class FuseTrees implements IndexTrees {

  private static final Logger LOG = LoggerFactory.getLogger(FuseTrees.class);

  /** So long closing waits for the last requests to all trees. */
  private static final Duration UNMOUNT_WAIT = Duration.ofMillis(500);

  private final SnapshotDirectories directories;
  private final ContentStore contents;
  private final ConcurrentMap<Long, TreeMount> mounted = new ConcurrentHashMap<>();

  /** Trees below these directories, whose files are read from this content store. */
  public FuseTrees(SnapshotDirectories directories, ContentStore contents) {
    this.directories = directories;
    this.contents = contents;
  }

  @Override
  public void mount(long id, ImageIndex index) throws IOException {
    release(id);
    Path target = Files.createDirectories(directories.tree(id));
    try {
      mounted.put(
          id,
          contents.mountTree(IndexSnapshots.imageName(id), index, target, TreeMountOptions.LAYER));
    } catch (IOException e) {
      throw new IndexMountException(target, e);
    }
  }

  /** Only what this process has mounted is served. */
  @Override
  public boolean remount(long id) {
    return mounted.containsKey(id);
  }

  @Override
  public void release(long id) throws IOException {
    @Nullable TreeMount tree = mounted.remove(id);
    if (tree != null) {
      tree.close();
    }
    // and what an earlier process left
    TreeMounts.unmount(directories.tree(id));
  }

  /** Unmounts all; a tree that a container still uses ends with this process. */
  @Override
  public void close() {
    List<TreeMount> all = List.copyOf(mounted.values());
    mounted.clear();
    for (TreeMount tree : all) {
      try {
        tree.unmount();
      } catch (IOException e) {
        LOG.warn("event=unmount-failed target={} cause=\"{}\"", tree.target(), e.getMessage());
      }
    }
    long deadline = System.nanoTime() + UNMOUNT_WAIT.toNanos();
    try {
      int inUse = 0;
      for (TreeMount tree : all) {
        long left = Math.max(0, deadline - System.nanoTime());
        inUse += tree.awaitEnd(Duration.ofNanos(left)) ? 0 : 1;
      }
      if (inUse > 0) {
        LOG.warn("event=trees-in-use count={} action=\"restart the containers on them\"", inUse);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
