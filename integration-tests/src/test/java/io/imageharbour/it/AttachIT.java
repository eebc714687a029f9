package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.ServerProcess;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import io.imageharbour.testbed.image.TestImages;
import io.imageharbour.testbed.machine.GoPrograms;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Images that keep their name and have their index beside them: {@code app} has one, {@code tool},
 * on the same two lower layers, has none.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class AttachIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration COLLECTION = Duration.ofSeconds(30);
  private static final Attributes FILE = Attributes.of(0644);
  private static final Attributes DIRECTORY = Attributes.of(0755);

  private SharedTestbed testbed;
  private Node node;
  private String app = "";
  private String tool = "";
  private OciLayout appLayout = OciLayout.open(Path.of(""));

  @BeforeAll
  void makeTheImages(SharedTestbed shared) throws Exception {
    testbed = shared;
    OciLayout debian = testbed.images().debian();
    appLayout = OciLayout.create(testbed.workspace().directory("images/app"));
    List<OciLayout.Layer> lower =
        List.of(
            appLayout.addLayer(debian, debian.layers().getFirst()),
            appLayout.addLayer(AttachIT::changes));
    OciLayout toolLayout = OciLayout.create(testbed.workspace().directory("images/tool"));
    for (OciLayout.Layer layer : lower) {
      toolLayout.addLayer(appLayout, layer);
    }
    app = push(appLayout, lower, "app");
    tool = push(toolLayout, lower, "tool");
    node = testbed.node("a");
    node.ctr().pull(Snapshotter.OVERLAYFS, app);
    node.ctr().pull(Snapshotter.OVERLAYFS, tool);
  }

  private String push(OciLayout layout, List<OciLayout.Layer> lower, String name)
      throws IOException, InterruptedException {
    OciLayout.Layer top = layout.addLayer(tar -> top(name, tar));
    layout.finish(
        layout.addImage(
            TestImages.architecture(),
            Stream.concat(lower.stream(), Stream.of(top)).toList(),
            List.of("sh")));
    return testbed.registry().add(layout, name, "1");
  }

  /** Hides, replaces and adds to what Debian has, and brings what the upper layers hide. */
  private static void changes(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("etc", DIRECTORY);
      tar.file("etc/debian_version", FILE, text("changed\n"));
      tar.whiteout("etc", "passwd");
      tar.directory("usr", DIRECTORY);
      tar.directory("usr/share", DIRECTORY);
      tar.directory("usr/share/doc", DIRECTORY);
      tar.opaque("usr/share/doc");
      tar.file("usr/share/doc/only", FILE, text("the only document"));
      tar.directory("srv", DIRECTORY);
      byte[] big = new byte[3 << 20];
      new Random(1).nextBytes(big);
      tar.file("srv/hidden-above", FILE, big);
      tar.file("srv/kept", FILE, text("kept"));
      tar.hardLink("srv/linked", FILE, "srv/kept");
    }
  }

  private static void top(String name, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("srv", Attributes.of(0711));
      if (name.equals("app")) {
        tar.whiteout("srv", "hidden-above");
      }
      tar.file("srv/" + name, FILE, text("of " + name));
    }
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
  }

  @Test
  @Order(1)
  void convertingLeavesTheImageAsItIsAndPutsTheIndexBesideIt() throws Exception {
    String before = manifest(app);

    JsonNode summary = testbed.tree().attach(app);

    assertThat(manifest(app)).isEqualTo(before);
    assertThat(summary.path("target").asText()).isEqualTo(app);
    JsonNode again = testbed.tree().attach(app);
    assertThat(again.path("platforms")).isEqualTo(summary.path("platforms"));
    assertThat(again.path("packBytes").asLong()).isZero();
    assertThat(again.path("hiddenPackBytes").asLong()).isZero();
    String subject = summary.at("/platforms/0/source").asText();
    JsonNode listed =
        JSON.readTree(manifest(app.replace(":1", ":" + subject.replace("sha256:", "sha256-"))));
    assertThat(listed.path("manifests"))
        .singleElement()
        .satisfies(
            entry ->
                assertThat(entry.path("digest").asText())
                    .isEqualTo(summary.at("/platforms/0/indexImage").asText()));
    Command.Output diff = testbed.tree().harbourctl("diff", "--plain-http", app).attempt();
    assertThat(diff.exit()).as(diff.text() + diff.errors()).isZero();
    testbed.tree().harbourctl("verify", "--plain-http", app).run();
  }

  @Test
  @Order(2)
  void aPullFetchesNoLayerAndTheContainerHasTheTreeOfTheOriginal() throws Exception {
    try (Node fresh = testbed.node("b")) {
      long before = testbed.registry().servedBytes();

      assertThat(found(testbed.tree().pull(fresh.ctr(), app))).isEqualTo(3);

      assertThat(testbed.registry().servedBytes() - before).isLessThan(layerBytes() / 10);
      String blobs = fresh.ctr().command("content", "ls", "--quiet").run().text();
      for (OciLayout.Layer layer : appLayout.layers()) {
        assertThat(blobs).doesNotContain(layer.blob().toString());
      }
      assertThat(
              fresh
                  .ctr()
                  .run(Snapshotter.HARBOUR, app, "cat", "/srv/app", "/etc/debian_version")
                  .output())
          .isEqualTo("of appchanged");
      assertThat(testbed.registry().servedBytes() - before).isLessThan(layerBytes() / 4);
    }
    testbed.tree().pull(node.ctr(), app);
    assertSameTree(app);
  }

  @Test
  @Order(3)
  void severalThatStandOnALowerLayerAtOnceAllFindItsWholeTree() throws Exception {
    String top = node.ctr().chainId(app);
    String lower =
        JSON.readTree(
                node.ctr()
                    .command("snapshots", "--snapshotter", "harbour", "info", top)
                    .run()
                    .bytes())
            .path("Parent")
            .asText();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> read = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        Path target = testbed.workspace().directory("m/lower-" + i);
        read.add(threads.submit(() -> readThrough(lower, target)));
      }
      for (Future<String> each : read) {
        assertThat(each.get()).isEqualTo("changed\n");
      }
    }
  }

  private String readThrough(String snapshot, Path target) throws Exception {
    node.ctr().mountSnapshot(Snapshotter.HARBOUR, snapshot, target);
    try {
      return Files.readString(target.resolve("etc/debian_version"));
    } finally {
      node.ctr().unmountImage(Snapshotter.HARBOUR, target);
    }
  }

  @Test
  @Order(4)
  void anImageOnTheSameBaseThatHasNoIndexFindsItsWholeBase() throws Exception {
    assertThat(found(testbed.tree().pull(node.ctr(), tool))).isEqualTo(2);

    assertSameTree(tool);
    assertThat(
            run(
                tool,
                "sh",
                "-c",
                "cat /srv/tool; wc -c < /srv/hidden-above; ls /etc/passwd || true"))
        .startsWith("of tool3145728");
  }

  @Test
  @Order(5)
  void theyAreRemovedInAnyOrderAndTheOtherOneStaysWhole() throws Exception {
    remove(app);
    assertSameTree(tool);

    testbed.tree().pull(node.ctr(), app);
    remove(tool);
    assertSameTree(app);
    assertThat(run(app, "cat", "/srv/app")).isEqualTo("of app");

    remove(app);
    Await.until(
        "the snapshots to be collected",
        COLLECTION,
        () -> node.ctr().snapshots(Snapshotter.HARBOUR).isEmpty() && snapshotDirectories() == 0);
  }

  @Test
  @Order(6)
  void aRestartChangesNothingWhateverHasBeenMadeAndWhatNot() throws Exception {
    testbed.tree().pull(node.ctr(), app);
    node.harbourd().process().kill();
    node.restartHarbourd();
    assertThat(run(app, "cat", "/srv/app")).isEqualTo("of app");

    testbed.tree().pull(node.ctr(), tool);
    node.harbourd().process().kill();
    node.restartHarbourd();
    assertSameTree(tool);
    assertSameTree(app);
    remove(app);
    remove(tool);
  }

  @Test
  @Order(7)
  void anImageWithItsIndexStandsOnABaseThatWasUnpackedBefore() throws Exception {
    awaitNothing();
    assertThat(found(testbed.tree().pull(node.ctr(), tool))).isZero();

    assertThat(found(testbed.tree().pull(node.ctr(), app))).isEqualTo(3);

    assertSameTree(app);
    remove(tool);
    assertSameTree(app);
    remove(app);
  }

  @Test
  @Order(8)
  void anIndexThatIsDamagedIsNotUsedAndTheImageIsPulledWhole() throws Exception {
    awaitNothing();
    JsonNode attached = testbed.tree().attach(app);
    Path blob = indexBlob(attached);
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length / 2] ^= 1;
    Files.write(blob, bytes);

    assertThat(found(testbed.tree().pull(node.ctr(), app))).isZero();

    assertSameTree(app);
    remove(app);
  }

  @Test
  @Order(9)
  void aRegistryThatListsReferrersNeedsNoTagForThem() throws Exception {
    String host = "127.0.0.1:" + Network.freePort();
    try (ServerProcess registry =
        ServerProcess.start(
            testbed.workspace(),
            "the registry with referrers",
            Command.of(new GoPrograms(System.out::println).registry(), host),
            testbed.workspace().directory("referrers").resolve("log"),
            () -> get(host, "/v2/").statusCode() == 200)) {
      assertThat(registry.isAlive()).isTrue();
      String image = host + "/app:1";
      Command.of("skopeo", "copy", "--quiet", "--dest-tls-verify=false")
          .withArguments("oci:" + appLayout.directory(), "docker://" + image)
          .run();

      JsonNode attached = testbed.tree().attach(image);

      String subject = attached.at("/platforms/0/source").asText();
      JsonNode referrers = JSON.readTree(get(host, "/v2/app/referrers/" + subject).body());
      assertThat(referrers.path("manifests").findValuesAsText("digest"))
          .containsExactly(attached.at("/platforms/0/indexImage").asText());
      assertThat(
              Command.of("skopeo", "list-tags", "--tls-verify=false", "docker://" + host + "/app")
                  .run()
                  .text())
          .doesNotContain("sha256-");
      Command.Output diff = testbed.tree().harbourctl("diff", image).attempt();
      assertThat(diff.exit()).as(diff.text() + diff.errors()).isZero();
      assertThat(found(testbed.tree().pull(node.ctr(), image))).isEqualTo(3);
      assertThat(run(image, "cat", "/srv/app")).isEqualTo("of app");
      node.ctr().removeImage(image);
    }
  }

  private static HttpResponse<String> get(String host, String path)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://" + host + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private Path indexBlob(JsonNode attached) throws Exception {
    String digest = attached.at("/platforms/0/indexImage").asText();
    JsonNode manifest = JSON.readTree(manifest(app.replaceAll(":1$", "@" + digest)));
    String index = manifest.at("/layers/0/digest").asText().replace("sha256:", "");
    return testbed
        .registry()
        .storage()
        .resolve("docker/registry/v2/blobs/sha256")
        .resolve(index.substring(0, 2))
        .resolve(index)
        .resolve("data");
  }

  /** How many layers had a snapshot, when a client was about to unpack them. */
  private static int found(JsonNode pulled) {
    assertThat(pulled.at("/layers/total").asInt()).as(pulled.toString()).isEqualTo(3);
    return pulled.at("/layers/found").asInt();
  }

  private String run(String image, String... command) throws IOException, InterruptedException {
    return node.ctr().run(Snapshotter.HARBOUR, image, command).output();
  }

  /** The image and its snapshots of both snapshotters; overlayfs gets its own back at once. */
  private void remove(String image) throws IOException, InterruptedException {
    node.ctr().removeImage(image);
    node.ctr().pull(Snapshotter.OVERLAYFS, image);
  }

  private void awaitNothing() throws Exception {
    Await.until(
        "the snapshots to be collected",
        COLLECTION,
        () -> node.ctr().snapshots(Snapshotter.HARBOUR).isEmpty());
  }

  private long snapshotDirectories() throws IOException {
    try (Stream<Path> directories = Files.list(node.harbourd().root().resolve("s"))) {
      return directories.count();
    }
  }

  private void assertSameTree(String image) throws Exception {
    new SideBySide(testbed.workspace(), node).assertSame(image, image, 5000, Set.of("/"));
  }

  private long layerBytes() throws IOException {
    return appLayout.layers().stream().mapToLong(OciLayout.Layer::size).sum();
  }

  private static String manifest(String image) throws IOException, InterruptedException {
    return Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + image)
        .run()
        .text();
  }
}
