package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * Index images on Linux 6.1: registry, containerd and harbourd are processes in the guest, the
 * images were converted outside. {@link OldKernelGuestIT} runs it there.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
final class FuseTreeOnOldKernel {

  /** Properties with the references of an image and its index image. */
  static final String SMALL = "harbour.guest.small";

  static final String SMALL_CONVERTED = "harbour.guest.small.converted";

  /** And of the odd image with one more layer, and of that layer on its index image. */
  static final String ODD = "harbour.guest.odd";

  static final String ODD_ON_INDEX = "harbour.guest.odd.on.index";

  private final HarbourTree tree = HarbourTree.locate();
  private final Workspace workspace = workspaceOnExt4();
  private final RegistryServer registry = GuestRegistry.start(workspace);
  private final Node node = Node.start(workspace, tree, "n", List.of());

  FuseTreeOnOldKernel() throws IOException, InterruptedException {}

  @BeforeAll
  static void isOld() throws IOException {
    assertThat(Files.readString(Path.of("/proc/sys/kernel/osrelease"))).startsWith("6.1.");
  }

  @AfterAll
  void stop() throws Exception {
    try (workspace;
        registry;
        node) {
      // what a failed test is explained by; nothing in the guest outlives it
      Command tail = Command.of("sh", "-c", "cd \"$1\" && tail -n 20 */log", "tail");
      System.out.println(tail.withArguments(workspace.directory()).run().text());
    }
  }

  @Test
  @Order(1)
  void harbourdServesTreesByItselfAndAContainerFetchesWhatItReads() throws Exception {
    assertThat(node.harbourd().process().log())
        .contains("overlayfs has data-only layers from 6.5")
        .contains("subject=\"FUSE trees\" result=\"work, and are used instead");

    String converted = image(SMALL_CONVERTED);
    node.ctr().pull(Snapshotter.HARBOUR, converted);
    assertThat(Mountpoints.all())
        .filteredOn(mount -> mount.type().equals("fuse.harbour-tree"))
        .singleElement()
        .satisfies(mount -> assertThat(mount.point()).startsWith(node.harbourd().root()));
    // a program and one small file: not the big one, which is more than half of the image
    String expected = SmallImage.expectedSums();
    assertThat(run(converted, "sha256sum", "/files/7")).isIn(expected.lines().toList());
    assertThat(node.harbourd().metric("harbour_content_ingested_bytes_total"))
        .isBetween(1.0, SmallImage.BYTES / 2.0);
    assertThat(registry.servedBytes()).isLessThan(SmallImage.BYTES / 2);

    assertThat(run(converted, SmallImage.SUMS.toArray(String[]::new))).isEqualTo(expected);
  }

  @Test
  @Order(2)
  void anOrdinaryImageIsUnpackedAndRuns() throws Exception {
    node.ctr().pull(Snapshotter.HARBOUR, image(SMALL));
    assertThat(run(image(SMALL), SmallImage.SUMS.toArray(String[]::new)))
        .isEqualTo(SmallImage.expectedSums());
  }

  /** Emulation is too slow to look at the tree below the layer as well. */
  @Test
  @Order(3)
  void anOrdinaryLayerOnAnOddTreeIsTheOneThatOverlayfsShowsHere() throws Exception {
    node.ctr().pull(Snapshotter.OVERLAYFS, image(ODD));
    node.ctr().pull(Snapshotter.HARBOUR, image(ODD_ON_INDEX));
    new SideBySide(workspace, node).assertSame(image(ODD), image(ODD_ON_INDEX), 3000, Set.of("/"));
  }

  /** The guest writes to tmpfs, which has no extended attributes of users before Linux 6.6. */
  private static Workspace workspaceOnExt4() throws IOException, InterruptedException {
    Workspace workspace = Workspace.create(Path.of("/run/hb"));
    Command.of(
            "sh",
            "-euc",
            "truncate -s 1G \"$1.ext4\"; mkfs.ext4 -q \"$1.ext4\"; mount -o loop \"$1.ext4\" \"$1\"",
            "ext4",
            workspace.directory())
        .run();
    return workspace;
  }

  private static String image(String property) {
    return System.getProperty(property);
  }

  private String run(String image, String... command) throws IOException, InterruptedException {
    return node.ctr().run(Snapshotter.HARBOUR, image, command).output();
  }
}
