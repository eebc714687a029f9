package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.TreeDiff;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** Trees of images that a node has pulled, mounted beside each other as containers get them. */
record SideBySide(Workspace workspace, Node node) {

  /**
   * Files of the odd image of which an upper layer has hidden, replaced or parted the other name.
   */
  private static final Set<String> PARTED =
      Set.of(
          "/links/pairs/one-hidden-too",
          "/links/pairs/one-replaced-too",
          "/links/pairs/one-changed-too");

  /** Asserts that an index image has the tree that overlayfs shows of its original. */
  void assertSame(SharedTestbed.Converted image, int atLeast)
      throws IOException, InterruptedException {
    assertSame(image.original(), image.reference(), atLeast, Set.of("/"));
  }

  /**
   * Asserts that two images have the same tree.
   *
   * @param atLeast so many paths there are, or more
   * @param unpacked directories whose time is that of the snapshot, because they are in no layer of
   *     it: the root, and parents of what an ordinary layer brings
   */
  void assertSame(String onOverlayfs, String onHarbour, int atLeast, Set<String> unpacked)
      throws IOException, InterruptedException {
    Path overlayfs = workspace.directory("m/overlayfs");
    Path harbour = workspace.directory("m/harbour");
    node.ctr().mountImage(Snapshotter.OVERLAYFS, onOverlayfs, overlayfs);
    node.ctr().mountImage(Snapshotter.HARBOUR, onHarbour, harbour);
    try {
      assertSame(TreeDiff.compare(overlayfs, harbour), atLeast, unpacked);
    } finally {
      node.ctr().unmountImage(Snapshotter.OVERLAYFS, overlayfs);
      node.ctr().unmountImage(Snapshotter.HARBOUR, harbour);
    }
  }

  static void assertSame(TreeDiff.Comparison comparison, int atLeast, Set<String> unpacked) {
    assertThat(comparison.differences())
        .filteredOn(d -> !(unpacked.contains(d.path()) && d.property().equals("mtime")))
        .filteredOn(d -> !isHiddenNameCounted(d))
        .isEmpty();
    assertThat(comparison.paths()).isGreaterThan(atLeast);
  }

  /** Overlayfs counts names of a file that layers above hide; an index has those that show. */
  private static boolean isHiddenNameCounted(TreeDiff.Difference difference) {
    return PARTED.contains(difference.path())
        && difference.property().equals("links")
        && difference.left().equals("2")
        && difference.right().equals("1");
  }
}
