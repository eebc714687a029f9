package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.RegistryStorage;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Index images that somebody made by hand. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HostileImageIT {

  private final AtomicInteger images = new AtomicInteger();
  private SharedTestbed testbed;
  private Node node;
  private byte[] goodIndex;

  private interface Content {
    void writeTo(TarLayer tar) throws IOException;
  }

  @BeforeAll
  void takeAGoodIndex(SharedTestbed shared) throws Exception {
    testbed = shared;
    node = testbed.node("h");
    String manifest = testbed.odd().summary().at("/platforms/0/indexImage").asText();
    RegistryStorage storage = new RegistryStorage(testbed.registry().storage());
    String layer =
        Command.of("jq", "-r", ".layers[0].digest", storage.blob(Digest.parse(manifest)))
            .run()
            .text();
    goodIndex =
        Command.of("tar", "--extract", "--to-stdout", "--file", storage.blob(Digest.parse(layer)))
            .withArguments(".harbour/index")
            .run()
            .bytes();
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
  }

  @Test
  void theGoodIndexIsAcceptedFromAHandMadeImage() throws Exception {
    String image = push(tar -> index(tar, goodIndex));

    node.ctr().pull(Snapshotter.HARBOUR, image);

    node.ctr().removeImage(image);
  }

  @Test
  void anEmptyIndexIsRefused() throws Exception {
    assertRefused(tar -> index(tar, new byte[0]));
  }

  @Test
  void garbageIsRefused() throws Exception {
    assertRefused(
        tar -> index(tar, "no index at all".repeat(1000).getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void halfAnIndexIsRefused() throws Exception {
    assertRefused(tar -> index(tar, Arrays.copyOf(goodIndex, goodIndex.length / 2)));
  }

  @Test
  void anIndexWithOneWrongByteIsRefused() throws Exception {
    byte[] damaged = goodIndex.clone();
    damaged[damaged.length / 2] ^= 1;

    assertRefused(tar -> index(tar, damaged));
  }

  @Test
  void anIndexThatIsALinkOutOfTheLayerIsNotFollowed() throws Exception {
    assertOrdinary(
        tar -> {
          tar.directory(".harbour", TarLayer.Attributes.of(0755));
          tar.symbolicLink(".harbour/index", TarLayer.Attributes.of(0777), "/etc/shadow");
        });
  }

  @Test
  void anIndexThatIsADirectoryMakesAnOrdinaryLayer() throws Exception {
    assertOrdinary(
        tar -> {
          tar.directory(".harbour", TarLayer.Attributes.of(0755));
          tar.directory(".harbour/index", TarLayer.Attributes.of(0755));
        });
  }

  @Test
  void anIndexThatIsAPipeIsNotWaitedFor() throws Exception {
    assertOrdinary(
        tar -> {
          tar.directory(".harbour", TarLayer.Attributes.of(0755));
          tar.fifo(".harbour/index", TarLayer.Attributes.of(0644));
        });
  }

  private static void index(TarLayer tar, byte[] bytes) throws IOException {
    tar.directory(".harbour", TarLayer.Attributes.of(0755));
    tar.file(".harbour/index", TarLayer.Attributes.of(0644), bytes);
  }

  /** The pull fails with one line that says why, and leaves nothing; harbourd goes on working. */
  private void assertRefused(Content content) throws Exception {
    String image = push(content);

    Command.Output pull = node.ctr().pullCommand(Snapshotter.HARBOUR, image).attempt();

    assertThat(pull.exit()).isNotZero();
    assertThat(pull.errors().lines().filter(line -> line.startsWith("ctr: ")))
        .singleElement()
        .asString()
        .contains("index")
        .doesNotContain("Exception");
    assertThat(node.harbourd().process().log()).doesNotContain("\tat ");
    Path snapshots = node.harbourd().root().resolve("s");
    assertThat(node.ctr().snapshots(Snapshotter.HARBOUR)).isEmpty();
    // containerd takes the snapshot out of its own books first, and then out of harbourd's
    Await.until("the snapshot's removal", Duration.ofSeconds(30), () -> isEmpty(snapshots));
    assertThat(Mountpoints.all()).noneMatch(mount -> mount.point().startsWith(snapshots));
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findAny().isEmpty();
    }
  }

  /** The layer is one like any other: unpacked as it is, and nobody reads an index in it. */
  private void assertOrdinary(Content content) throws Exception {
    String image = push(content);

    node.ctr().pull(Snapshotter.HARBOUR, image);

    assertThat(Mountpoints.all())
        .noneMatch(mount -> mount.point().startsWith(node.harbourd().root().resolve("s")));
    node.ctr().removeImage(image);
  }

  private String push(Content content) throws IOException, InterruptedException {
    String name = "hostile-" + images.incrementAndGet();
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/" + name));
    OciLayout.Layer layer =
        layout.addLayer(
            out -> {
              try (TarLayer tar = new TarLayer(out)) {
                content.writeTo(tar);
              }
            });
    layout.finish(layout.addImage(TestImages.architecture(), List.of(layer), List.of("/bin/none")));
    return testbed.registry().add(layout, name, "1");
  }
}
