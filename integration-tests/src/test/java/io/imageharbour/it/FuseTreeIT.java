package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.TreeKind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Containers on trees that harbourd serves itself, as on kernels without data-only layers: forced
 * here by the configuration, so that they can be compared with the same machine's overlayfs.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class FuseTreeIT {

  private static final String TYPE = "fuse.harbour-tree";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private SharedTestbed testbed;
  private Node node;
  private SharedTestbed.Converted python;

  @BeforeAll
  void startNode(SharedTestbed shared) throws Exception {
    testbed = shared;
    python = testbed.python();
    node =
        Node.start(
            testbed.workspace(),
            testbed.tree(),
            "f",
            RegistryAccess.plainHttp(List.of()),
            Optional.empty(),
            TreeKind.FUSE);
    node.ctr().pull(Snapshotter.OVERLAYFS, python.original());
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
    Node.remove(testbed.workspace(), "f");
  }

  @Test
  @Order(1)
  void startsHavingFetchedLessThanAQuarterOfItsImageOnOneMountOfFuse() throws Exception {
    long before = testbed.registry().servedBytes();
    node.ctr().pull(Snapshotter.HARBOUR, python.reference());
    Ctr.ContainerRun run =
        node.ctr()
            .run(
                Snapshotter.HARBOUR,
                python.reference(),
                "python3",
                "-c",
                "import numpy; print(numpy.arange(3).sum())");

    assertThat(run.output()).isEqualTo("3");
    assertThat(testbed.registry().servedBytes() - before)
        .isBetween(1L << 20, python.compressedBytes() / 4);
    assertThat(node.harbourd().metric("harbour_content_opens_total")).isGreaterThan(100);
    assertThat(trees()).hasSize(1);
    assertThat(node.harbourd().process().log())
        .contains("subject=\"FUSE trees\" result=\"work, and are what the configuration says\"")
        .contains("content-mount=false");
  }

  @Test
  @Order(2)
  void fetchesNothingWhenItsTreeIsOnlyLookedAt() throws Exception {
    Path tree = testbed.workspace().directory("m/fuse-looked-at");
    node.ctr().mountImage(Snapshotter.HARBOUR, python.reference(), tree);
    try {
      assertThat(Mountpoints.at(tree).orElseThrow().options())
          .contains("lowerdir=" + trees().getFirst())
          .doesNotContain("::");
      long before = testbed.registry().servedBytes();
      Command.Output find = Command.of("find", tree, "-printf", "%p %s %l\n").run();
      Command.of("ls", "-lR", tree).run();
      Command.of("du", "-s", tree).run();
      Command.of("getfattr", "-R", "-P", "-h", "-d", "-m", "-", tree).run();

      assertThat(find.text().lines().count()).isGreaterThan(10_000);
      assertThat(testbed.registry().servedBytes()).isEqualTo(before);
    } finally {
      node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
    }
  }

  @Test
  @Order(3)
  void severalContainersAtOnceShareTheMountAndADiffHoldsWhatOneWrote() throws Exception {
    String first = node.ctr().start(Snapshotter.HARBOUR, python.reference(), "sleep", "infinity");
    String second = node.ctr().start(Snapshotter.HARBOUR, python.reference(), "sleep", "infinity");
    try {
      assertThat(trees()).hasSize(1);
      Command.Output wrote =
          node.ctr().exec(first, "sh", "-c", "echo x >>/etc/hostname && rm /etc/passwd");
      assertThat(wrote.exit()).as(wrote.errors()).isZero();
      assertThat(node.ctr().exec(second, "grep", "-c", "^root:", "/etc/passwd").text())
          .isEqualTo("1");
      String diff =
          Command.of(
                  "sh",
                  "-euc",
                  "ctr --address \"$1\" --namespace \"$2\" snapshots --snapshotter harbour diff \"$3\" | tar tz",
                  "diff",
                  node.ctr().socket(),
                  node.ctr().namespace(),
                  first)
              .run()
              .text();
      assertThat(diff.lines())
          .contains("etc/hostname", "etc/.wh.passwd")
          .allMatch(path -> path.startsWith("etc/"));
    } finally {
      node.ctr().remove(first);
      node.ctr().remove(second);
    }
  }

  @Test
  @Order(4)
  void writesRenamesDeletesAndMapsFilesAsOnOverlayfs() throws Exception {
    String onOverlayfs =
        node.ctr()
            .run(Snapshotter.OVERLAYFS, python.original(), "sh", "-c", FileWork.SCRIPT)
            .output();

    assertThat(
            node.ctr()
                .run(Snapshotter.HARBOUR, python.reference(), "sh", "-c", FileWork.SCRIPT)
                .output())
        .isEqualTo(onOverlayfs)
        .contains("again", "4711", "b'\\x7fELF'");
  }

  @Test
  @Order(5)
  void hasTheTreeThatOverlayfsUnpacksAlsoWhereItIsOdd() throws Exception {
    SharedTestbed.Converted odd = testbed.odd();
    node.ctr().pull(Snapshotter.OVERLAYFS, odd.original());
    node.ctr().pull(Snapshotter.HARBOUR, odd.reference());
    assertThat(trees()).hasSize(2);

    new SideBySide(testbed.workspace(), node).assertSame(odd, 3000);

    node.ctr().removeImage(odd.reference());
    Await.until("the tree to be unmounted", LIMIT, () -> trees().size() == 1);
  }

  @Test
  @Order(6)
  void programsHaveTheRightsThatTheirModesAndCapabilitiesGiveThem() throws Exception {
    String rights = testbed.converted("rights", testbed.images().rights()).reference();
    node.ctr().pull(Snapshotter.HARBOUR, rights);

    assertThat(Rights.OF_PROGRAMS.used(node.ctr(), Snapshotter.HARBOUR, rights))
        .isEqualTo(Rights.OF_PROGRAMS.expected());
    // docs/operations.md: these are shown there, and not enforced
    assertThat(Rights.BY_ACLS.used(node.ctr(), Snapshotter.HARBOUR, rights))
        .startsWith("cat: /rights/shared/old: Permission denied");

    node.ctr().removeImage(rights);
    Await.until("the tree to be unmounted", LIMIT, () -> trees().size() == 1);
  }

  @Test
  @Order(7)
  void aKilledHarbourdTakesTheFilesOfItsContainersWithItAndTheNextServesNewOnes() throws Exception {
    String container =
        node.ctr().start(Snapshotter.HARBOUR, python.reference(), "sleep", "infinity");
    try {
      node.harbourd().process().kill();
      assertThat(node.ctr().exec(container, "cat", "/usr/share/perl5/strict.pm").exit())
          .isNotZero();

      node.restartHarbourd();
      assertThat(trees()).hasSize(1);
      assertThat(
              node.ctr()
                  .run(Snapshotter.HARBOUR, python.reference(), "cat", "/etc/debian_version")
                  .output())
          .startsWith("12.");
    } finally {
      node.ctr().remove(container);
    }
  }

  @Test
  @Order(8)
  void stopsWithContainersRunningAndLeavesNoMount() throws Exception {
    String container =
        node.ctr().start(Snapshotter.HARBOUR, python.reference(), "sleep", "infinity");
    try {
      node.harbourd().close();
      assertThat(trees()).isEmpty();
      assertThat(node.harbourd().process().log()).contains("event=trees-in-use count=1");

      node.restartHarbourd();
      assertThat(trees()).hasSize(1);
    } finally {
      node.ctr().remove(container);
    }
  }

  private List<Path> trees() throws IOException {
    return Mountpoints.all().stream()
        .filter(mount -> mount.type().equals(TYPE))
        .map(Mountpoints.Mount::point)
        .filter(point -> point.startsWith(node.harbourd().root()))
        .toList();
  }
}
