package io.imageharbour.snapshotter.mounts;

import io.imageharbour.fusefs.ContentStore;
import java.nio.file.Path;
import java.util.List;

/** How this machine mounts index snapshots; found out by trying. */
public sealed interface IndexMounting {

  /** What an overlay mount on an index snapshot gets besides what every one does. */
  List<String> overlayOptions();

  /** The data-only layers of an overlay mount on an index snapshot, nearest first, by its id. */
  List<Path> dataLayers(ContentStore contents, long id);

  /** What mounts the trees. */
  IndexTrees trees(SnapshotDirectories directories, ContentStore contents);

  /** Whether the content store has to have a content mount. */
  boolean needsContentMount();

  /**
   * The tree as EROFS, contents in data-only layers.
   *
   * @param backing how the kernel takes EROFS images
   * @param overlayOptions what it needs to follow files into data-only layers, such as {@code
   *     metacopy=on}
   */
  record Erofs(ErofsBacking backing, List<String> overlayOptions) implements IndexMounting {

    public Erofs {
      overlayOptions = List.copyOf(overlayOptions);
    }

    @Override
    public List<Path> dataLayers(ContentStore contents, long id) {
      return List.of(
          contents.casDirectory(),
          contents.contentDirectory(IndexSnapshots.imageName(id)).orElseThrow());
    }

    @Override
    public IndexTrees trees(SnapshotDirectories directories, ContentStore contents) {
      return new ErofsTrees(directories, backing);
    }

    @Override
    public boolean needsContentMount() {
      return true;
    }
  }

  /** The tree with its contents, served by harbourd: slower, and dead when harbourd is. */
  record Fuse() implements IndexMounting {

    @Override
    public List<String> overlayOptions() {
      return List.of();
    }

    @Override
    public List<Path> dataLayers(ContentStore contents, long id) {
      return List.of();
    }

    @Override
    public IndexTrees trees(SnapshotDirectories directories, ContentStore contents) {
      return new FuseTrees(directories, contents);
    }

    @Override
    public boolean needsContentMount() {
      return false;
    }
  }
}
