package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.erofs.ErofsImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trees as EROFS images, written beside the layer. The node never mounts bytes it was given: the
 * index was read with every check, and the image is written here. Mounts outlive the process.
 */
public final class ErofsTrees implements IndexTrees {

  private static final Logger LOG = LoggerFactory.getLogger(ErofsTrees.class);

  private final SnapshotDirectories directories;
  private final ErofsBacking backing;

  /** Trees below these directories, for a kernel that takes images so. */
  public ErofsTrees(SnapshotDirectories directories, ErofsBacking backing) {
    this.directories = directories;
    this.backing = backing;
  }

  @Override
  public void mount(long id, ImageIndex index) throws IOException {
    TreeMounts.unmount(directories.tree(id));
    Files.createDirectories(directories.tree(id));
    Path unfinished = directories.unfinishedImage(id);
    Files.deleteIfExists(unfinished);
    ErofsImage.write(index, unfinished);
    IndexSnapshots.sync(unfinished);
    Files.move(unfinished, directories.image(id), StandardCopyOption.ATOMIC_MOVE);
    mount(id);
  }

  @Override
  public boolean remount(long id) throws IOException {
    return TreeMounts.isMounted(directories.tree(id))
        || (Files.exists(directories.image(id)) && mounts(id));
  }

  @Override
  public void release(long id) throws IOException {
    TreeMounts.unmount(directories.tree(id));
  }

  @Override
  public void close() {}

  private boolean mounts(long id) throws IOException {
    TreeMounts.unmount(directories.tree(id));
    try {
      mount(id);
      return true;
    } catch (IndexMountException e) {
      LOG.warn("event=tree-refused snapshot={} cause=\"{}\"", id, e.getMessage());
      return false;
    }
  }

  private void mount(long id) throws IOException {
    Path image = directories.image(id);
    try {
      TreeMounts.mount(image, directories.tree(id), backing);
    } catch (IOException e) {
      throw new IndexMountException(image, e);
    }
  }
}
