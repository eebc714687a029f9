package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.RegistryStorage;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Originals that were deleted from their registry, and images built on index images. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RestoreIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

  private SharedTestbed testbed;
  private RegistryServer registry;
  private Node node;

  @BeforeAll
  void start(SharedTestbed shared) throws Exception {
    testbed = shared;
    registry = RegistryServer.start(testbed.workspace(), "rr", Network.loopback());
    node = testbed.node("rn");
  }

  @AfterAll
  void stop() throws Exception {
    try {
      node.close();
    } finally {
      registry.close();
    }
  }

  @Test
  void originalsComeBackAfterTheyWereDeleted() throws Exception {
    try (RegistryServer own = RegistryServer.start(testbed.workspace(), "ro", Network.loopback())) {
      List<Image> images = new ArrayList<>();
      images.add(convert(testbed, own, "python", testbed.images().python()));
      images.add(convert(testbed, own, "odd", testbed.images().odd()));
      images.add(convert(testbed, own, "mixed", mixed(testbed.images().odd())));

      deleteOriginals(own, images);

      for (Image image : images) {
        String restored = own.reference(image.name + ":restored");
        JsonNode summary =
            JSON.readTree(
                testbed
                    .tree()
                    .harbourctl("restore", "--plain-http", "--json", image.converted(), restored)
                    .run()
                    .bytes());
        assertRestored(own, image, restored);
        assertThat(summary.at("/platforms/0/imageId").asText())
            .isEqualTo(image.manifest.at("/config/digest").asText());
      }
    }
  }

  /** Deletes them, and compares what is left with what converting has said. */
  private static void deleteOriginals(RegistryServer registry, List<Image> images)
      throws Exception {
    RegistryStorage storage = new RegistryStorage(registry.storage());
    long before = registry.storedBytes();
    long originals = 0;
    long needed = 0;
    for (Image image : images) {
      originals += image.summary.path("sourceBytes").asLong();
      needed += image.summary.path("storedBytes").asLong();
      Command.of("skopeo", "delete", "--tls-verify=false", "docker://" + image.original).run();
    }
    registry.collectGarbage();
    for (Image image : images) {
      for (JsonNode layer : image.manifest.path("layers")) {
        assertThat(storage.blob(Digest.parse(layer.path("digest").asText()))).doesNotExist();
      }
    }
    assertThat(registry.storedBytes())
        .as("what is left besides manifests and configs")
        .isBetween(needed * 8 / 10, needed + 200_000)
        .isLessThan(before - originals * 9 / 10);
  }

  @Test
  void allPlatformsComeBack() throws Exception {
    OciLayout odd = testbed.images().odd();
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/restore-multi"));
    Map<String, OciLayout.Descriptor> platforms = new TreeMap<>();
    Map<String, List<OciLayout.Layer>> layers = new TreeMap<>();
    for (String architecture : List.of("amd64", "arm64")) {
      List<OciLayout.Layer> own = new ArrayList<>();
      for (OciLayout.Layer layer : odd.layers()) {
        own.add(layout.addLayer(odd, layer));
      }
      own.add(layout.addLayer(tar -> programOf(architecture, tar)));
      layers.put(architecture, own);
      platforms.put(architecture, layout.addImage(architecture, own, List.of(architecture)));
    }
    layout.finish(layout.addIndex(platforms));
    Image image = convert(testbed, registry, "platforms", layout);
    Command.of("skopeo", "delete", "--tls-verify=false", "docker://" + image.original).run();
    for (OciLayout.Descriptor platform : platforms.values()) {
      Command.of("skopeo", "delete", "--tls-verify=false")
          .withArguments("docker://" + registry.reference("platforms@" + platform.digest()))
          .run();
    }
    registry.collectGarbage();

    String restored = registry.reference("platforms:restored");
    testbed.tree().harbourctl("restore", "--plain-http", image.converted(), restored).run();

    Map<String, JsonNode> manifests = new TreeMap<>();
    for (JsonNode platform : raw(restored).path("manifests")) {
      manifests.put(
          platform.at("/platform/architecture").asText(),
          raw(registry.reference("platforms@" + platform.path("digest").asText())));
    }
    assertThat(manifests.keySet()).isEqualTo(platforms.keySet());
    for (Map.Entry<String, JsonNode> manifest : manifests.entrySet()) {
      RestoredLayers.assertSame(
          registry, manifest.getValue(), layers.getOrDefault(manifest.getKey(), List.of()));
    }
    node.ctr().pull(Snapshotter.OVERLAYFS, restored);
  }

  private static void programOf(String architecture, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      byte[] program = ("for " + architecture).getBytes(StandardCharsets.US_ASCII);
      tar.file("program", Attributes.of(0755), program);
      tar.file("only-for-" + architecture, Attributes.of(0644), new byte[] {1});
    }
  }

  @Test
  void anImageThatBuildahBuiltOnAnIndexImageIsConvertedAndRestored() throws Exception {
    Image base = convert(testbed, registry, "base", testbed.images().python());
    String built = registry.reference("built:1");
    build(base.converted(), built);
    JsonNode original = raw(built);
    assertThat(original.path("layers")).hasSize(2);

    JsonNode summary = testbed.tree().convert(built, registry.reference("built:h"));
    assertThat(summary.path("packBytes").asLong()).as("the new file").isLessThan(1000);
    node.ctr().pull(Snapshotter.HARBOUR, registry.reference("built:h"));
    assertThat(
            node.ctr()
                .run(
                    Snapshotter.HARBOUR,
                    registry.reference("built:h"),
                    "sh",
                    "-c",
                    "cat /usr/local/built; python3 -c 'print(6*7)'")
                .output())
        .isEqualTo("by buildah\n42");
    Command.of("skopeo", "delete", "--tls-verify=false", "docker://" + built).run();
    registry.collectGarbage();
    String restored = registry.reference("built:restored");
    testbed
        .tree()
        .harbourctl("restore", "--plain-http", registry.reference("built:h"), restored)
        .run();
    assertThat(raw(restored).path("config")).isEqualTo(original.path("config"));
    node.ctr().pull(Snapshotter.HARBOUR, restored);
    assertThat(node.ctr().run(Snapshotter.HARBOUR, restored, "cat", "/usr/local/built").output())
        .isEqualTo("by buildah");
    testbed.tree().harbourctl("verify", "--plain-http", registry.reference("built:h")).run();
  }

  /** An image of the registry, and what its manifest was. */
  private record Image(
      String name, OciLayout layout, String original, JsonNode summary, JsonNode manifest) {
    String converted() {
      return original + "-harbour";
    }
  }

  private static Image convert(
      SharedTestbed testbed, RegistryServer registry, String name, OciLayout layout)
      throws Exception {
    SharedTestbed.Converted converted = testbed.convert(registry, name, layout);
    return new Image(
        name, layout, converted.original(), converted.summary(), raw(converted.original()));
  }

  /** The config is the same to the byte, and others find the diff_ids right. */
  private void assertRestored(RegistryServer registry, Image image, String restored)
      throws Exception {
    JsonNode manifest = raw(restored);
    assertThat(manifest.path("config")).isEqualTo(image.manifest.path("config"));
    RestoredLayers.assertSame(registry, manifest, image.layout.layers());
    node.ctr().pull(Snapshotter.OVERLAYFS, restored); // fails where a diff_id is wrong
  }

  /** An image whose layers are compressed with zstd, and not at all. */
  private OciLayout mixed(OciLayout of) throws Exception {
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/mixed"));
    List<OciLayout.Layer> layers = of.layers();
    ObjectNode manifest =
        (ObjectNode) JSON.readTree(Files.readAllBytes(of.blob(of.image().digest())));
    ArrayNode changed = JSON.createArrayNode();
    for (int i = 0; i < layers.size(); i++) {
      String compress = i % 2 == 0 ? "zstd -q -c" : "cat";
      byte[] bytes =
          Command.of("sh", "-euc", "gzip -dc \"$1\" | " + compress, "x")
              .withArguments(of.blob(layers.get(i).blob()))
              .run()
              .bytes();
      OciLayout.Descriptor blob = layout.addBlob(LAYER + (i % 2 == 0 ? "+zstd" : ""), bytes);
      changed
          .addObject()
          .put("mediaType", blob.mediaType())
          .put("digest", blob.digest().toString())
          .put("size", blob.size());
    }
    manifest.set("layers", changed);
    Digest config = Digest.parse(manifest.at("/config/digest").asText());
    layout.addBlob("", Files.readAllBytes(of.blob(config)));
    return layout.finish(
        layout.addBlob(manifest.path("mediaType").asText(), JSON.writeValueAsBytes(manifest)));
  }

  /** What people do with an index image as their base: it is pulled, and a layer is added. */
  private void build(String base, String target) throws Exception {
    Path work = testbed.workspace().directory("buildah");
    Path file = work.resolve("built");
    Files.writeString(file, "by buildah\n", StandardCharsets.UTF_8);
    Command buildah =
        Command.of("buildah", "--root", work.resolve("root"), "--runroot", work.resolve("run"))
            .withArguments("--storage-driver", "vfs");
    String container =
        buildah.withArguments("from", "--quiet", "--tls-verify=false", base).run().text().strip();
    buildah.withArguments("add", "--quiet", container, file, "/usr/local/built").run();
    buildah
        .withArguments("commit", "--quiet", "--tls-verify=false", container, "docker://" + target)
        .run();
    buildah.withArguments("rm", "--all").run();
  }

  private static JsonNode raw(String reference) throws IOException, InterruptedException {
    return JSON.readTree(
        Command.of("skopeo", "inspect", "--tls-verify=false", "--raw", "docker://" + reference)
            .run()
            .bytes());
  }
}
