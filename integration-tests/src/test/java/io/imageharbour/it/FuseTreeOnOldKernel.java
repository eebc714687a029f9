package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A container on Linux 6.1: registry, containerd and harbourd are processes in the guest, the image
 * was converted outside. {@link OldKernelGuestIT} runs it there.
 */
final class FuseTreeOnOldKernel {

  /** Properties that say where the registry keeps its files, its port, and the image. */
  static final String STORAGE = "harbour.guest.storage";

  static final String PORT = "harbour.guest.port";
  static final String CONVERTED = "harbour.guest.converted";

  private final HarbourTree tree = HarbourTree.locate();
  private final String converted = System.getProperty(CONVERTED);

  FuseTreeOnOldKernel() throws IOException {}

  @Test
  @Timeout(400)
  void harbourdServesTreesByItselfAndAContainerFetchesWhatItReads() throws Exception {
    assertThat(Files.readString(Path.of("/proc/sys/kernel/osrelease"))).startsWith("6.1.");
    try (Workspace workspace = Workspace.create(Path.of("/run/hb"));
        AutoCloseable unused = () -> printLogs(workspace);
        RegistryServer registry =
            RegistryServer.start(
                workspace,
                "r",
                Network.loopback(),
                Integer.getInteger(PORT),
                Path.of(System.getProperty(STORAGE)));
        Node node = Node.start(workspace, tree, "n", List.of())) {
      assertThat(node.harbourd().process().log())
          .contains("overlayfs has data-only layers from 6.5")
          .contains("subject=\"FUSE trees\" result=\"work, and are used instead");

      node.ctr().pull(Snapshotter.HARBOUR, converted);
      assertThat(Mountpoints.all())
          .filteredOn(mount -> mount.type().equals("fuse.harbour-tree"))
          .singleElement()
          .satisfies(mount -> assertThat(mount.point()).startsWith(node.harbourd().root()));
      // a program and one small file: not the big one, which is more than half of the image
      String expected = SmallImage.expectedSums();
      assertThat(run(node, "sha256sum", "/files/7")).isIn(expected.lines().toList());
      assertThat(node.harbourd().metric("harbour_content_ingested_bytes_total"))
          .isBetween(1.0, SmallImage.BYTES / 2.0);
      assertThat(registry.servedBytes()).isLessThan(SmallImage.BYTES / 2);

      assertThat(run(node, SmallImage.SUMS.toArray(String[]::new))).isEqualTo(expected);
    }
  }

  private String run(Node node, String... command) throws IOException, InterruptedException {
    return node.ctr().run(Snapshotter.HARBOUR, converted, command).output();
  }

  /** What a failed test is explained by; nothing in the guest outlives it. */
  private static void printLogs(Workspace workspace) throws IOException, InterruptedException {
    Command tail = Command.of("sh", "-c", "cd \"$1\" && tail -n 20 */log", "tail");
    System.out.println(tail.withArguments(workspace.directory()).run().text());
  }
}
