package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Images that are odd but legal, each beside what overlayfs shows of it. What one layer on another
 * means is tested with containerd as well, in {@code OverlaySemanticsTest} and at random.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OddImagesIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** What is in it at its beginning, around 4 GiB and at its end, and how long it is. */
  private static final String READ_HUGE =
      """
      stat -c '%s %a %u %y' huge
      for at in 0 1073741824 4294967276 5368709100; do
        dd if=huge iflag=skip_bytes,count_bytes skip=$at count=40 status=none | od -An -c
      done
      """;

  private SharedTestbed testbed;
  private Node node;
  private SideBySide trees;

  @BeforeAll
  void startNode(SharedTestbed shared) throws Exception {
    testbed = shared;
    node = testbed.node("o");
    trees = new SideBySide(testbed.workspace(), node);
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
  }

  @Test
  void layersMayBeOfEveryFormatAndCompressionAndNotDistributable() throws Exception {
    trees.assertSame(pulled("dialects", testbed.images().dialects()), 80);
  }

  @Test
  void anImageMayHave128Layers() throws Exception {
    SharedTestbed.Converted image = pulled("many-layers", testbed.images().manyLayers());
    trees.assertSame(image, 150);

    node.ctr().pull(Snapshotter.HARBOUR, image.original());
    trees.assertSame(image.original(), image.original(), 150, Set.of("/"));
  }

  @Test
  void aDirectoryMayHoldAHundredThousandFiles() throws Exception {
    trees.assertSame(pulled("wide", testbed.images().wide()), 100_000);
  }

  @Test
  void aFileMayBeLargerThanFourGigabytes() throws Exception {
    SharedTestbed.Converted image = pulled("huge", testbed.images().hugeFile());
    long before = testbed.registry().servedBytes();

    assertThat(onTree(Snapshotter.HARBOUR, image.reference(), READ_HUGE))
        .isEqualTo(onTree(Snapshotter.OVERLAYFS, image.original(), READ_HUGE))
        .startsWith("5368709120 ")
        .contains("4   2   9   4   9   6   7   2   8   6");
    assertThat(testbed.registry().servedBytes() - before).isLessThan(16 << 20);
  }

  @Test
  void aConfigMayHaveEverything() throws Exception {
    SharedTestbed.Converted image = pulled("configured", testbed.images().configured());

    String output = node.ctr().run(Snapshotter.HARBOUR, image.reference()).output();

    assertThat(output)
        .isEqualTo(node.ctr().run(Snapshotter.OVERLAYFS, image.original()).output())
        .contains("uid=33(www-data) gid=4(adm)", "/var/work dir", "ODD=a=b \"c\" $d \u00fc");
    ObjectNode converted = config(image.reference());
    ObjectNode original = config(image.original());
    converted.remove("rootfs");
    original.remove("rootfs");
    // one layer is left, and the history has to fit
    converted.remove("history");
    original.remove("history");
    assertThat((JsonNode) converted).isEqualTo(original);
  }

  @ParameterizedTest
  @EnumSource
  void rightsHaveTheirEffect(Rights rights) throws Exception {
    SharedTestbed.Converted image = pulled("rights", testbed.images().rights());
    node.ctr().pull(Snapshotter.HARBOUR, image.original());

    assertThat(rights.used(node.ctr(), Snapshotter.OVERLAYFS, image.original()))
        .isEqualTo(rights.expected());
    assertThat(rights.used(node.ctr(), Snapshotter.HARBOUR, image.reference()))
        .isEqualTo(rights.expected());
    assertThat(rights.used(node.ctr(), Snapshotter.HARBOUR, image.original()))
        .isEqualTo(rights.expected());
  }

  private static ObjectNode config(String image) throws IOException, InterruptedException {
    Command.Output output =
        Command.of("skopeo", "inspect", "--config", "--raw", "--tls-verify=false")
            .withArguments("docker://" + image)
            .run();
    return (ObjectNode) JSON.readTree(output.bytes());
  }

  /** An image converted, and both pulled. */
  private SharedTestbed.Converted pulled(String name, OciLayout layout)
      throws IOException, InterruptedException {
    SharedTestbed.Converted image = testbed.converted(name, layout);
    node.ctr().pull(Snapshotter.OVERLAYFS, image.original());
    node.ctr().pull(Snapshotter.HARBOUR, image.reference());
    return image;
  }

  /** What a script says of the tree of an image. */
  private String onTree(Snapshotter snapshotter, String image, String script)
      throws IOException, InterruptedException {
    Path tree = testbed.workspace().directory("m/" + snapshotter.id());
    node.ctr().mountImage(snapshotter, image, tree);
    try {
      return Command.of("sh", "-euc", "cd \"$0\"; " + script, tree).run().text();
    } finally {
      node.ctr().unmountImage(snapshotter, tree);
    }
  }
}
