package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.FaultProxy;
import io.imageharbour.testbed.FaultProxy.Fault;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code harbourctl pull} beside {@code ctr images pull}: what containerd has afterwards. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PullIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int LAYERS = 3;

  private SharedTestbed testbed;
  private Node node;
  private SharedTestbed.Converted image;

  @BeforeAll
  void startNode(SharedTestbed shared) throws Exception {
    testbed = shared;
    image = testbed.converted("pulled", layout(testbed.workspace().directory("images/pulled")));
    node = testbed.node("p");
  }

  @AfterAll
  void stopNode() throws Exception {
    node.close();
  }

  /** Whatever a test left, the next one begins with nothing. */
  @AfterEach
  void removeImages() throws Exception {
    for (String name :
        node.ctr().command("images", "list", "--quiet").run().text().lines().toList()) {
      node.ctr().removeImage(name);
    }
  }

  /** Three small layers; the lowest has a program, each has a file that says which it is. */
  private static OciLayout layout(Path directory) throws Exception {
    OciLayout layout = OciLayout.create(directory);
    byte[] busybox = Files.readAllBytes(Path.of("/usr/bin/busybox"));
    List<OciLayout.Layer> layers =
        List.of(
            layout.addLayer(
                out -> {
                  try (TarLayer tar = new TarLayer(out)) {
                    tar.directory("bin", TarLayer.Attributes.of(0755));
                    tar.file("bin/busybox", TarLayer.Attributes.of(0755), busybox);
                  }
                }),
            layout.addLayer(out -> writeFile("second", out)),
            layout.addLayer(out -> writeFile("third", out)));
    return layout.finish(
        layout.addImage(TestImages.architecture(), layers, List.of("/bin/busybox")));
  }

  private static void writeFile(String name, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      byte[] text = (name + "\n").getBytes(StandardCharsets.US_ASCII);
      tar.file(name, TarLayer.Attributes.of(0644), text);
    }
  }

  @ParameterizedTest
  @EnumSource(Snapshotter.class)
  void anOrdinaryImageIsFetchedAndRunsAndLeavesNothingWhenItIsRemoved(Snapshotter snapshotter)
      throws Exception {
    JsonNode pulled = pull(snapshotter, image.original());

    assertThat(pulled.path("layers").toString())
        .isEqualTo("{\"total\":3,\"fetched\":3,\"found\":0}");
    assertThat(pulled.path("fetchedBytes").asLong()).isEqualTo(image.compressedBytes());
    assertThat(
            node.ctr()
                .run(snapshotter, image.original(), "/bin/busybox", "cat", "/second", "/third")
                .output())
        .isEqualTo("second\nthird");
    assertThat(node.ctr().snapshots(snapshotter)).hasSize(LAYERS);
    assertThat(leases()).isEmpty();

    node.ctr().removeImage(image.original());
    assertNothingIsLeft(snapshotter);
  }

  @Test
  void anIndexImageIsFetchedAndRunsAndLeavesNothingWhenItIsRemoved() throws Exception {
    JsonNode pulled = pull(Snapshotter.HARBOUR, image.reference());

    assertThat(pulled.path("layers").toString())
        .isEqualTo("{\"total\":1,\"fetched\":1,\"found\":0}");
    assertThat(
            node.ctr()
                .run(Snapshotter.HARBOUR, image.reference(), "/bin/busybox", "cat", "/third")
                .output())
        .isEqualTo("third");
    assertThat(pull(Snapshotter.OVERLAYFS, image.reference()).at("/layers/fetched").asInt())
        .as("layers fetched for another snapshotter")
        .isZero();

    node.ctr().removeImage(image.reference());
    assertNothingIsLeft(Snapshotter.HARBOUR);
    assertNothingIsLeft(Snapshotter.OVERLAYFS);
  }

  @Test
  void blobsHaveTheLabelsThatCtrGivesThem() throws Exception {
    for (String name : List.of(image.original(), image.reference())) {
      node.ctr().pull(Snapshotter.HARBOUR, name);
      Map<String, Set<String>> expected = contentLabels();
      List<String> target = imageRow(name);
      node.ctr().removeImage(name);
      assertNothingIsLeft(Snapshotter.HARBOUR);

      pull(Snapshotter.HARBOUR, name);
      assertThat(contentLabels()).isEqualTo(expected).hasSizeGreaterThan(3);
      assertThat(imageRow(name)).isEqualTo(target);
      node.ctr().removeImage(name);
    }
  }

  @Test
  void snapshottersAreToldTheImageTheManifestAndTheLayers() throws Exception {
    pull(Snapshotter.HARBOUR, image.original());

    String digest = imageRow(image.original()).get(2);
    List<String> layers =
        image.layout().layers().stream().map(layer -> layer.blob().toString()).toList();
    String chainId = node.ctr().chainId(image.original());
    for (int i = LAYERS - 1; i >= 0; i--) {
      JsonNode snapshot =
          JSON.readTree(
              node.ctr()
                  .command("snapshots", "--snapshotter", "harbour", "info", chainId)
                  .run()
                  .bytes());
      Map<String, String> labels = new TreeMap<>();
      snapshot
          .path("Labels")
          .properties()
          .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
      assertThat(labels)
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "containerd.io/snapshot.ref", chainId,
                  "containerd.io/snapshot/cri.image-ref", image.original(),
                  "containerd.io/snapshot/cri.manifest-digest", digest,
                  "containerd.io/snapshot/cri.layer-digest", layers.get(i),
                  "containerd.io/snapshot/cri.image-layers",
                      String.join(",", layers.subList(i, LAYERS))));
      chainId = snapshot.path("Parent").asText();
    }
    assertThat(chainId).isEmpty();
  }

  @Test
  void nothingIsFetchedTwiceWhoeverPulledFirst() throws Exception {
    for (String name : List.of(image.original(), image.reference())) {
      pull(Snapshotter.HARBOUR, name);
      long before = blobsServed();
      assertThat(pull(Snapshotter.HARBOUR, name).at("/layers/fetched").asInt()).isZero();
      node.ctr().pull(Snapshotter.HARBOUR, name);
      node.ctr().pull(Snapshotter.OVERLAYFS, name);
      assertThat(blobsServed()).isEqualTo(before);
      node.ctr().removeImage(name);

      node.ctr().pull(Snapshotter.HARBOUR, name);
      before = blobsServed();
      JsonNode again = pull(Snapshotter.HARBOUR, name);
      assertThat(again.at("/layers/found")).isEqualTo(again.at("/layers/total"));
      pull(Snapshotter.OVERLAYFS, name);
      assertThat(blobsServed()).isEqualTo(before);
      node.ctr().removeImage(name);
    }
  }

  @Test
  void twoPullsAtATimeBothSucceed() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Callable<JsonNode> pull = () -> pull(Snapshotter.HARBOUR, image.original());
      List<Future<JsonNode>> both = threads.invokeAll(List.of(pull, pull));
      int fetched = 0;
      for (Future<JsonNode> one : both) {
        fetched += one.get().at("/layers/fetched").asInt();
      }
      assertThat(fetched).isEqualTo(LAYERS);
    }
    assertThat(node.ctr().snapshots(Snapshotter.HARBOUR)).hasSize(LAYERS);
    assertThat(leases()).isEmpty();
    node.ctr().run(Snapshotter.HARBOUR, image.original(), "/bin/busybox", "true");
  }

  @Test
  void endedByCtrlCItLeavesNothing() throws Exception {
    String third = image.layout().layers().getLast().blob().toString();
    int port = Network.freePort();
    try (FaultProxy proxy = FaultProxy.before(testbed.registry(), port)) {
      proxy.set(new Fault.Stall(third, 10, Integer.MAX_VALUE));
      String name = image.original().replace(testbed.registry().host(), "127.0.0.1:" + port);
      Command command = pullCommand(Snapshotter.HARBOUR, name);
      Process process =
          Command.of("env", "--default-signal=INT")
              .withArguments(command.arguments().toArray())
              .start();
      try {
        Await.until(
            "the third layer's snapshot",
            LIMIT,
            () -> node.ctr().snapshots(Snapshotter.HARBOUR).size() == LAYERS);
        assertThat(leases()).hasSize(1);
        Command.of("sh", "-c", "kill -INT " + process.pid()).run();

        assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertNothingIsLeft(Snapshotter.HARBOUR);
        assertThat(node.ctr().command("content", "active").run().text().lines()).hasSize(1);
      } finally {
        process.destroyForcibly();
      }

      proxy.set(new Fault.None());
      assertThat(pull(Snapshotter.HARBOUR, name).at("/layers/total").asInt()).isEqualTo(LAYERS);
    }
  }

  private JsonNode pull(Snapshotter snapshotter, String name)
      throws IOException, InterruptedException {
    return JSON.readTree(pullCommand(snapshotter, name).run().bytes());
  }

  private Command pullCommand(Snapshotter snapshotter, String name) {
    Ctr ctr = node.ctr();
    return testbed
        .tree()
        .harbourctl("pull", "--json", "--address", ctr.socket(), "--namespace", ctr.namespace())
        .withArguments("--snapshotter", snapshotter.id(), name);
  }

  private void assertNothingIsLeft(Snapshotter snapshotter) throws Exception {
    assertThat(leases()).isEmpty();
    assertThat(node.ctr().snapshots(snapshotter)).isEmpty();
    assertThat(contentLabels()).isEmpty();
    assertThat(node.ctr().command("images", "list", "--quiet").run().text()).isEmpty();
  }

  private List<String> leases() throws Exception {
    return node.ctr().command("leases", "list", "--quiet").run().text().lines().toList();
  }

  /** The labels of each blob, as containerd lists them. */
  private Map<String, Set<String>> contentLabels() throws Exception {
    return node.ctr()
        .command("content", "list")
        .run()
        .text()
        .lines()
        .skip(1)
        .map(line -> line.split("\t+"))
        .collect(
            Collectors.toMap(
                columns -> columns[0],
                columns -> Set.of(columns[columns.length - 1].split(",(?=containerd)"))));
  }

  /** The columns of an image: name, media type, digest, size, platforms, labels. */
  private List<String> imageRow(String name) throws Exception {
    return node.ctr()
        .command("images", "list", "name==" + name)
        .run()
        .text()
        .lines()
        .skip(1)
        .map(line -> Arrays.asList(line.split("\\s+")))
        .findFirst()
        .orElseThrow();
  }

  private long blobsServed() throws IOException {
    return testbed.registry().responses().stream()
        .filter(answer -> answer.method().equals("GET") && answer.path().contains("/blobs/"))
        .count();
  }
}
