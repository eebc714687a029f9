package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.RegistryStorage;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TestImages;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    goodIndex = indexOf(testbed.odd());
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
    assertRefused(new byte[0], "INVALID_ARGUMENT", "it is empty", "invalid argument");
  }

  @Test
  void garbageIsRefused() throws Exception {
    assertRefused(
        "no index at all".repeat(1000).getBytes(StandardCharsets.US_ASCII),
        "INVALID_ARGUMENT",
        "not a Harbour index",
        "invalid argument");
  }

  @Test
  void halfAnIndexIsRefused() throws Exception {
    assertCorrupt(Arrays.copyOf(goodIndex, goodIndex.length / 2), "truncated");
  }

  @Test
  void anIndexWithOneWrongByteIsRefused() throws Exception {
    byte[] damaged = goodIndex.clone();
    damaged[damaged.length / 2] ^= 1;

    assertCorrupt(damaged, "checksum");
  }

  @Test
  void anIndexThatIsTooNewIsRefusedWithTheAdviceToUpgrade() throws Exception {
    assertRefused(
        HandMadeIndex.ofVersion(2, goodIndex),
        "UNIMPLEMENTED",
        "upgrade Harbour here",
        "not implemented");
  }

  @Test
  void aTreeOfDirectoriesIsAcceptedFromAHandMadeIndex() throws Exception {
    String image =
        push(tar -> index(tar, new HandMadeIndex(2).entryCounts(1, 0).names("name").seal()));

    node.ctr().pull(Snapshotter.HARBOUR, image);

    node.ctr().removeImage(image);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b", "/", "..", ".", ""})
  void aNameThatLeavesItsDirectoryIsRefused(String name) throws Exception {
    assertCorrupt(new HandMadeIndex(2).entryCounts(1, 0).names(name).seal(), "name");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aDirectoryInItselfIsRefused(int ancestor) throws Exception {
    assertCorrupt(
        new HandMadeIndex(2).entryCounts(1, 1).names("a", "b").hardLink(1, ancestor).seal(),
        "a second one for a directory");
  }

  @Test
  void tenMillionFilesDeclaredInAHundredBytesAreRefusedBeforeTheyCostAnything() throws Exception {
    byte[] index = new HandMadeIndex(1).entryCounts(10_000_000).seal();
    assertThat(index).hasSizeLessThan(100);

    assertCorrupt(index, "holds 10000000 where less than 1 is possible");
  }

  @Test
  void aFrameThatInflatesBeyondItsDeclaredSizeFailsTheReadOfItsFileOnly() throws Exception {
    String image = push(tar -> index(tar, HandMadePack.index()), HandMadePack.pack());
    node.ctr().pull(Snapshotter.HARBOUR, image);
    Path tree = testbed.workspace().directory("m/hostile");
    node.ctr().mountImage(Snapshotter.HARBOUR, image, tree);
    try {
      long before = node.harbourd().process().residentBytes();

      Command.Output bomb = Command.of("cat", tree.resolve("bomb")).attempt();
      Command.Output good = Command.of("cat", tree.resolve("good")).run();

      assertThat(bomb.exit()).isEqualTo(1);
      assertThat(bomb.errors()).contains("Input/output error");
      assertThat(bomb.bytes()).isEmpty();
      assertThat(good.bytes()).isEqualTo(HandMadePack.GOOD);
      assertThat(node.harbourd().process().residentBytes() - before).isLessThan(64L << 20);
      Await.until(
          "the failure is logged",
          Duration.ofSeconds(10),
          () -> node.harbourd().process().log().contains("event=open-failed"));
      assertThat(node.harbourd().process().log())
          .contains("path=/bomb")
          .contains("The frame is damaged, or the index is wrong")
          .doesNotContain("\tat ");
      assertThat(node.harbourd().root().resolve("ingest")).isEmptyDirectory();
    } finally {
      node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
      node.ctr().removeImage(image);
    }
  }

  @Test
  void anImageThatLiesAboutItsFilesHarmsNoOtherWithTheSameFiles() throws Exception {
    byte[] lies = shortened(indexOf(testbed.small()));
    String liar = push(tar -> index(tar, lies));
    String good = testbed.small().reference();
    try {
      node.ctr().pull(Snapshotter.HARBOUR, liar);
      Path tree = testbed.workspace().directory("m/liar");
      node.ctr().mountImage(Snapshotter.HARBOUR, liar, tree);
      try {
        assertThat(Command.of("cat", tree.resolve("files/7")).attempt().errors())
            .contains("Input/output error");
        node.ctr().pull(Snapshotter.HARBOUR, good);
        String sums =
            node.ctr()
                .run(Snapshotter.HARBOUR, good, SmallImage.SUMS.toArray(String[]::new))
                .output();
        assertThat(sums).isEqualTo(SmallImage.expectedSums());
      } finally {
        node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
      }
    } finally {
      node.ctr().removeImage(liar);
      node.ctr().removeImage(good);
    }
  }

  /** An index that says of each file that it has a byte less. */
  private static byte[] shortened(byte[] index) throws IOException {
    ImageIndex good = IndexFormat.read(new ByteArrayInputStream(index), "small");
    List<FileContent> contents = new ArrayList<>();
    for (FileContent content : good.contents()) {
      List<Chunk> chunks = new ArrayList<>(content.chunks());
      if (content.size() > 1) {
        Chunk last = chunks.removeLast();
        chunks.add(new Chunk(last.digest(), last.size() - 1, last.frame(), last.offset()));
      }
      contents.add(
          new FileContent(content.digest(), chunks.stream().mapToLong(Chunk::size).sum(), chunks));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    IndexFormat.write(
        new ImageIndex(good.inodes(), contents, good.frames(), good.packs(), good.origins()),
        bytes);
    return bytes.toByteArray();
  }

  /** The index that the registry has of an image. */
  private byte[] indexOf(SharedTestbed.Converted image) throws IOException, InterruptedException {
    RegistryStorage storage = new RegistryStorage(testbed.registry().storage());
    String manifest = image.summary().at("/platforms/0/indexImage").asText();
    String layer =
        Command.of("jq", "-r", ".layers[0].digest", storage.blob(Digest.parse(manifest)))
            .run()
            .text();
    return Command.of("tar", "--extract", "--to-stdout", "--file")
        .withArguments(storage.blob(Digest.parse(layer)), ".harbour/index")
        .run()
        .bytes();
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

  private void assertCorrupt(byte[] index, String reason) throws Exception {
    // containerd has no class of errors for lost data
    assertRefused(index, "DATA_LOSS", reason, "unknown");
  }

  /**
   * The pull fails with one line that says why, and leaves nothing; harbourd goes on working.
   *
   * @param status that harbourd answers
   * @param reason that the client prints
   * @param words that the client's last line ends with: containerd's for the status
   */
  private void assertRefused(byte[] index, String status, String reason, String words)
      throws Exception {
    String image = push(tar -> index(tar, index));
    int logged = node.harbourd().process().log().length();

    Command.Output pull = node.ctr().pullCommand(Snapshotter.HARBOUR, image).attempt();

    assertThat(pull.exit()).isNotZero();
    assertThat(pull.errors().lines().filter(line -> line.startsWith("ctr: ")))
        .singleElement()
        .asString()
        .contains(".harbour/index")
        .contains(reason)
        .endsWith(": " + words)
        .doesNotContain("Exception");
    assertThat(node.harbourd().process().log().substring(logged))
        .contains("event=failed call=Commit")
        .contains("status=" + status + " ")
        .doesNotContain("\tat ");
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() throws Exception {
    Path root = node.harbourd().root();
    Path snapshots = root.resolve("s");
    assertThat(node.ctr().snapshots(Snapshotter.HARBOUR)).isEmpty();
    // containerd takes the snapshot out of its own books first, and then out of harbourd's
    Await.until("the snapshot's removal", Duration.ofSeconds(30), () -> isEmpty(snapshots));
    assertThat(Mountpoints.all())
        .extracting(Mountpoints.Mount::point)
        .filteredOn(point -> point.startsWith(root))
        .containsExactly(root.resolve("c"));
    assertThat(root.resolve("ingest")).isEmptyDirectory();
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

  /** An image of one layer, and blobs beside it in the same repository. */
  private String push(Content content, byte[]... blobs) throws IOException, InterruptedException {
    String name = "hostile-" + images.incrementAndGet();
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/" + name));
    List<OciLayout.Layer> layers = new ArrayList<>();
    for (byte[] blob : blobs) {
      Digest digest = layout.addBlob("application/octet-stream", blob).digest();
      layers.add(
          new OciLayout.Layer(OciLayout.Compression.GZIP.mediaType(), digest, blob.length, digest));
    }
    OciLayout.Descriptor beside = layout.addImage("unknown", layers, List.of());
    OciLayout.Layer layer =
        layout.addLayer(
            out -> {
              try (TarLayer tar = new TarLayer(out)) {
                content.writeTo(tar);
              }
            });
    OciLayout.Descriptor image =
        layout.addImage(TestImages.architecture(), List.of(layer), List.of("/bin/none"));
    layout.finish(layout.addIndex(Map.of(TestImages.architecture(), image, "unknown", beside)));
    return testbed.registry().add(layout, name, "1");
  }
}
