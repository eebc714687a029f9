package io.imageharbour.it;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.TreeDiff;
import io.imageharbour.testbed.image.ExtremeImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Images that containerd can't unpack on the usual file systems, beside what overlayfs shows on one
 * with room for them: an ext4 that keeps big attributes in inodes of their own.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ExtremeImagesIT {

  private static final String NODE = "x";

  /** Where that node has its containerd. */
  private static final String CONTAINERD = NODE + "c";

  private SharedTestbed testbed;
  private Path disk;
  private Node node;

  @BeforeAll
  void startNodeOnItsOwnDisk(SharedTestbed shared) throws Exception {
    testbed = shared;
    disk = testbed.workspace().directory(CONTAINERD);
    Path device = testbed.workspace().directory().resolve("extreme.ext4");
    Command.of("truncate", "--size=256M", device).run();
    Command.of("mkfs.ext4", "-q", "-O", "ea_inode", device).run();
    Command.of("mount", "-o", "loop", device, disk).run();
    node = testbed.node(NODE);
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
    Command.of("umount", disk).run();
  }

  @Test
  void attributesMayBeAsLongAsErofsTakesThem() throws Exception {
    SharedTestbed.Converted image = testbed.converted("attributes", testbed.images().attributes());
    node.ctr().pull(Snapshotter.OVERLAYFS, image.original());
    node.ctr().pull(Snapshotter.HARBOUR, image.reference());

    new SideBySide(testbed.workspace(), node).assertSame(image, 2);
  }

  @Test
  void pathsMayBeLongerThanSystemCallsTake() throws Exception {
    SharedTestbed.Converted image = testbed.converted("deep", testbed.images().deep());
    node.ctr().pull(Snapshotter.HARBOUR, image.reference());
    Path harbour = testbed.workspace().directory("m/extreme-harbour");
    Path overlayfs = testbed.workspace().directory("m/extreme-overlayfs");
    mountOverlay(overlayfs);
    node.ctr().mountImage(Snapshotter.HARBOUR, image.reference(), harbour);
    try {
      SideBySide.assertSame(TreeDiff.compare(overlayfs, harbour), 22, Set.of("/"));
    } finally {
      node.ctr().unmountImage(Snapshotter.HARBOUR, harbour);
      Command.of("umount", overlayfs).run();
    }
  }

  /** containerd can't unpack it; so the lower directory of this overlay is made step by step. */
  private void mountOverlay(Path target) throws IOException, InterruptedException {
    Path work = disk.resolve("deep");
    Command.of("mkdir", work, work.resolve("lower"), work.resolve("upper"), work.resolve("work"))
        .run();
    ExtremeImage.makeDeep(work.resolve("lower"));
    Command.of("mount", "-t", "overlay", "overlay", "-o")
        .withArguments(
            "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work".formatted(work, work, work))
        .withArguments(target)
        .run();
  }
}
