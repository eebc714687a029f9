package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.pool.load.ImageChunks;

/**
 * How large an image is.
 *
 * @param bytes of what the pool may hold of it, each content once
 * @param files that it has
 */
public record ImageSize(long bytes, long files) {

  /** Of the image that has this index. */
  public static ImageSize of(ImageIndex index) {
    return new ImageSize(
        ImageChunks.of(index).bytes(),
        index.inodes().stream().filter(Inode.RegularFile.class::isInstance).count());
  }
}
