package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.TarLayer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Containers on index images: what they see, what they may do, and what it costs to start one. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ContainerIT {

  private SharedTestbed testbed;
  private Node node;
  private SideBySide trees;
  private SharedTestbed.Converted python;

  @BeforeAll
  void startNode(SharedTestbed shared) throws Exception {
    testbed = shared;
    python = testbed.python();
    node = testbed.node("c");
    trees = new SideBySide(testbed.workspace(), node);
    node.ctr().pull(Snapshotter.OVERLAYFS, python.original());
    node.ctr().pull(Snapshotter.HARBOUR, python.reference());
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
  }

  @Test
  void startsHavingFetchedLessThanAQuarterOfItsImage() throws Exception {
    try (Node fresh = testbed.node("l")) {
      long before = testbed.registry().servedBytes();
      fresh.ctr().pull(Snapshotter.HARBOUR, python.reference());
      Ctr.ContainerRun run =
          fresh
              .ctr()
              .run(
                  Snapshotter.HARBOUR,
                  python.reference(),
                  "python3",
                  "-c",
                  "import numpy; print(numpy.arange(3).sum())");

      assertThat(run.output()).isEqualTo("3");
      assertThat(testbed.registry().servedBytes() - before)
          .isBetween(1L << 20, python.compressedBytes() / 4);
    }
  }

  @Test
  void hasOneOverlayOverTheTreeTheCacheAndTheContentMount() throws Exception {
    String container =
        node.ctr().start(Snapshotter.HARBOUR, python.reference(), "sleep", "infinity");
    try {
      String root = node.harbourd().root().toString();
      assertThat(Mountpoints.all())
          .filteredOn(mount -> mount.point().endsWith(Path.of(container, "rootfs")))
          .singleElement()
          .satisfies(
              mount -> {
                assertThat(mount.type()).isEqualTo("overlay");
                assertThat(mount.options()).contains("::" + root + "/cas::" + root + "/c/");
              });
    } finally {
      node.ctr().remove(container);
    }
  }

  @Test
  void hasTheTreeThatOverlayfsUnpacksFromTheOriginal() throws Exception {
    trees.assertSame(python, 10_000);
  }

  @Test
  void hasTheTreeThatOverlayfsUnpacksAlsoWhereItIsOdd() throws Exception {
    SharedTestbed.Converted odd = testbed.odd();
    node.ctr().pull(Snapshotter.OVERLAYFS, odd.original());
    node.ctr().pull(Snapshotter.HARBOUR, odd.reference());

    trees.assertSame(odd, 3000);
  }

  @Test
  void hasTheTreeThatOverlayfsUnpacksAlsoOnAnOrdinaryImage() throws Exception {
    SharedTestbed.Converted odd = testbed.odd();
    node.ctr().pull(Snapshotter.OVERLAYFS, odd.original());
    node.ctr().pull(Snapshotter.HARBOUR, odd.original());
    node.ctr().pull(Snapshotter.HARBOUR, python.original());

    trees.assertSame(odd.original(), odd.original(), 3000, Set.of("/"));
    trees.assertSame(python.original(), python.original(), 10_000, Set.of("/"));
  }

  @Test
  void ordinaryLayersOnAnIndexHideReplaceAndAddFilesAsOnTheOriginal() throws Exception {
    SharedTestbed.WithLayer more = testbed.withLayer(python, "more", ContainerIT::writeLayer);
    String original = more.onOriginal();
    String onIndex = more.onIndex();
    node.ctr().pull(Snapshotter.OVERLAYFS, original);
    node.ctr().pull(Snapshotter.HARBOUR, onIndex);

    trees.assertSame(
        original, onIndex, 10_000, Set.of("/", "/usr", "/usr/bin", "/usr/local", "/usr/share"));
    String read =
        "exec 2>&1; cat /etc/debian_version /usr/local/new /etc/group; ls /etc/passwd /usr/share/doc || true";
    String onOverlayfs = node.ctr().run(Snapshotter.OVERLAYFS, original, "sh", "-c", read).output();
    assertThat(node.ctr().run(Snapshotter.HARBOUR, onIndex, "sh", "-c", read).output())
        .isEqualTo(onOverlayfs)
        .contains("replaced", "added", "root:x:0:")
        .contains("'/etc/passwd': No such file");
    node.ctr().removeImage(onIndex);
  }

  private static void writeLayer(OutputStream out) throws IOException {
    TarLayer.Attributes file = TarLayer.Attributes.of(0644);
    TarLayer.Attributes directory = TarLayer.Attributes.of(0755);
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("etc", directory);
      tar.file("etc/debian_version", file, "replaced\n".getBytes(StandardCharsets.US_ASCII));
      tar.whiteout("etc", "passwd");
      tar.whiteout("etc", "apt");
      // parents of these are not in the layer
      tar.file("usr/local/new", file, "added\n".getBytes(StandardCharsets.US_ASCII));
      tar.hardLink("usr/local/again", file, "usr/local/new");
      tar.symbolicLink("usr/bin/git", file, "/bin/sh");
      tar.directory("usr/share/doc", directory);
      tar.opaque("usr/share/doc");
      tar.file("usr/share/doc/only", file, new byte[0]);
      tar.file("usr/share/perl5", file, new byte[] {'f'});
      tar.directory("etc/hostname", directory);
    }
  }

  @Test
  void fetchesNothingWhenItsTreeIsOnlyLookedAt() throws Exception {
    try (Node fresh = testbed.node("w")) {
      fresh.ctr().pull(Snapshotter.HARBOUR, python.reference());
      Path tree = testbed.workspace().directory("m/looked-at");
      fresh.ctr().mountImage(Snapshotter.HARBOUR, python.reference(), tree);
      try {
        long before = testbed.registry().servedBytes();
        Command.Output find = Command.of("find", tree, "-printf", "%p %s %l\n").run();
        Command.of("ls", "-lR", tree).run();
        Command.of("du", "-s", tree).run();
        Command.of("getfattr", "-R", "-P", "-h", "-d", "-m", "-", tree).run();

        assertThat(find.text().lines().count()).isGreaterThan(10_000);
        assertThat(testbed.registry().servedBytes()).isEqualTo(before);
      } finally {
        fresh.ctr().unmountImage(Snapshotter.HARBOUR, tree);
      }
    }
  }

  @Test
  void writesRenamesDeletesAndMapsFilesAsOnOverlayfs() throws Exception {
    String onOverlayfs =
        node.ctr()
            .run(Snapshotter.OVERLAYFS, python.original(), "sh", "-c", FileWork.SCRIPT)
            .output();
    String onHarbour =
        node.ctr()
            .run(Snapshotter.HARBOUR, python.reference(), "sh", "-c", FileWork.SCRIPT)
            .output();
    node.ctr().pull(Snapshotter.HARBOUR, python.original());
    String onAnOrdinaryImage =
        node.ctr()
            .run(Snapshotter.HARBOUR, python.original(), "sh", "-c", FileWork.SCRIPT)
            .output();

    assertThat(onHarbour).isEqualTo(onOverlayfs).contains("again", "4711", "b'\\x7fELF'");
    assertThat(onAnOrdinaryImage).isEqualTo(onOverlayfs);
  }

  @Test
  void runsBesideAContainerOfAnOrdinaryImageOfTheSameSnapshotter() throws Exception {
    String debian = testbed.registry().add(testbed.images().debian(), "debian", "1");
    node.ctr().pull(Snapshotter.HARBOUR, debian);
    String sum =
        node.ctr().run(Snapshotter.OVERLAYFS, python.original(), "sha256sum", "/bin/ls").output();
    String ordinary = node.ctr().start(Snapshotter.HARBOUR, debian, "sleep", "infinity");
    String indexed = node.ctr().start(Snapshotter.HARBOUR, python.reference(), "sleep", "infinity");
    try {
      for (String container : new String[] {ordinary, indexed}) {
        Command.Output output =
            node.ctr()
                .exec(container, "sh", "-c", "echo x > /etc/x && rm /etc/x && sha256sum /bin/ls");
        assertThat(output.exit()).as(output.errors()).isZero();
        assertThat(output.text()).isEqualTo(sum).endsWith("  /bin/ls");
      }
    } finally {
      node.ctr().remove(ordinary);
      node.ctr().remove(indexed);
    }
  }

  @Test
  void fsckAndTheKernelAcceptEveryErofsImage() throws Exception {
    node.ctr().pull(Snapshotter.HARBOUR, testbed.odd().reference());
    Path mountPoint = testbed.workspace().directory("m/erofs");
    List<Path> images;
    try (Stream<Path> files = Files.walk(node.harbourd().root().resolve("s"), 2)) {
      images = files.filter(file -> file.getFileName().toString().endsWith(".erofs")).toList();
    }
    assertThat(images).hasSizeGreaterThanOrEqualTo(2);
    for (Path image : images) {
      Command.of("fsck.erofs", image).run();
      Command.of("mount", "-t", "erofs", "-o", "ro,loop", image, mountPoint).run();
      assertThat(Command.of("find", mountPoint).run().text().lines().count()).isGreaterThan(3000);
      Command.of("umount", mountPoint).run();
    }
  }
}
