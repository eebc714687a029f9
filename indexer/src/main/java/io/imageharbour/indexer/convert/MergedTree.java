package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.convert.LayerNode.Directory;
import io.imageharbour.indexer.convert.LayerTree.ImpliedDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Layers one under the other, as overlayfs shows them: a name is the topmost layer's that has it,
 * directories merge until something else or an opaque one lies between, and a directory looks as in
 * the topmost layer. Grows downwards, so that it can say at any time what lower layers need not
 * bring. For one thread.
 *
 * @see <a href="https://docs.kernel.org/filesystems/overlayfs.html">Overlay filesystem</a>
 */
final class MergedTree {

  private final Directory root = new Directory(Metadatas.UNDESCRIBED_DIRECTORY);
  private final List<ImpliedDirectory> undescribed = new ArrayList<>();

  /** The root directory; whiteouts are still in the tree. */
  Directory root() {
    return root;
  }

  /** Whether the layers so far hide whatever the next lower one has at this path. */
  boolean hides(List<FileName> path) {
    Directory directory = root;
    for (FileName name : path) {
      if (directory.isOpaque()) {
        return true;
      }
      LayerNode node = directory.entries().get(name);
      if (node == null) {
        return false;
      }
      if (!(node instanceof Directory child)) {
        return true;
      }
      directory = child;
    }
    return true;
  }

  /** Puts a layer under those that are there. Its tree becomes a part of this one. */
  void addBelow(LayerTree layer) {
    undescribed.removeIf(implied -> describe(implied, layer));
    merge(root, layer.root());
    undescribed.addAll(layer.impliedDirectories());
  }

  /** Whether this layer settles what a directory without an entry looks like. */
  private static boolean describe(ImpliedDirectory implied, LayerTree layer) {
    LayerNode below;
    try {
      below = layer.lookup(implied.path());
    } catch (IllegalArgumentException e) {
      return true; // symbolic links that lead nowhere: it stays undescribed
    }
    if (below instanceof Directory directory) {
      implied.directory().inheritFrom(directory);
    }
    return below != null;
  }

  private void merge(Directory upper, Directory lower) {
    if (upper.isOpaque()) {
      return;
    }
    for (Map.Entry<FileName, LayerNode> entry : lower.entries().entrySet()) {
      LayerNode below = entry.getValue();
      LayerNode own = upper.entries().putIfAbsent(entry.getKey(), below);
      if (own instanceof Directory directory) {
        if (below instanceof Directory child) {
          merge(directory, child);
        } else {
          directory.makeOpaque(); // ends the merging: what lies further down is another directory
        }
      }
    }
    if (lower.isOpaque() && upper != root) { // the kernel always merges the root directories
      upper.makeOpaque();
    }
  }
}
