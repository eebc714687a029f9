package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Layers that may not be distributed, with the addresses that they are to be had from: skopeo
 * leaves them out when it pushes an image.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ForeignLayersIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  private SharedTestbed testbed;
  private RegistryServer registry;

  /**
   * In whose words the upper one of two layers may not be distributed: media types, the last of
   * them what the layer has when it was restored with other compressed bytes.
   */
  private enum Kind {
    OCI(
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    DOCKER(
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        // registries take no foreign layer without addresses
        "application/vnd.docker.image.rootfs.diff.tar.gzip");

    private final String manifest;
    private final String config;
    private final String layer;
    private final String foreign;
    private final String restored;

    Kind(String manifest, String config, String layer, String foreign, String restored) {
      this.manifest = manifest;
      this.config = config;
      this.layer = layer;
      this.foreign = foreign;
      this.restored = restored;
    }

    String repository() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @BeforeAll
  void start(SharedTestbed shared) throws Exception {
    testbed = shared;
    registry = RegistryServer.start(testbed.workspace(), "fr", Network.loopback());
  }

  @AfterAll
  void stop() throws Exception {
    registry.close();
  }

  @ParameterizedTest
  @EnumSource
  void oneThatTheRegistryLacksIsNotLookedForElsewhereAndTheMessageSaysWhatToDo(Kind kind)
      throws Exception {
    OciLayout layout = layout(kind, "missing");
    push(ordinary(layout), "vendor:1");
    String image = push(layout, kind.repository() + "-missing:1");

    Command.Output convert =
        testbed.tree().harbourctl("convert", "--plain-http", image, image + "-harbour").attempt();

    assertThat(convert.exit()).isNotZero();
    assertThat(convert.errors())
        .contains(layout.layers().getLast().blob().toString())
        .contains("may not be distributed and is not there; push the image with that layer");
    assertThat(registry.responses())
        .filteredOn(it -> it.method().equals("GET") && it.path().startsWith("/v2/vendor/"))
        .isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void oneThatTheRegistryHasIsConvertedAndComesBack(Kind kind) throws Exception {
    OciLayout layout = layout(kind, "there");
    String repository = kind.repository();
    String withLayer = push(ordinary(layout), repository + ":with-layer");
    String image = push(layout, repository + ":1");
    String converted = registry.reference(repository + ":1-harbour");
    testbed.tree().convert(image, converted);

    Command.Output diff =
        testbed.tree().harbourctl("diff", "--plain-http", image, converted).attempt();
    assertThat(diff.exit()).as(diff.text() + diff.errors()).isZero();

    String again = restore(converted, repository + ":again");
    assertThat(raw(again)).isEqualTo(raw(image)).contains("\"urls\"");

    JsonNode original = JSON.readTree(raw(image));
    for (String reference : List.of(image, withLayer)) {
      Command.of("skopeo", "delete", "--tls-verify=false", "docker://" + reference).run();
    }
    registry.collectGarbage();
    JsonNode restored = JSON.readTree(raw(restore(converted, repository + ":restored")));

    assertThat(restored.path("config")).isEqualTo(original.path("config"));
    assertThat(restored.at("/layers/1/digest")).isNotEqualTo(original.at("/layers/1/digest"));
    assertThat(restored.at("/layers/1/mediaType").asText()).isEqualTo(kind.restored);
    // what is to be had at the addresses is compressed otherwise
    assertThat(restored.at("/layers/1/urls").isMissingNode()).isTrue();
  }

  private String restore(String converted, String target) throws IOException, InterruptedException {
    String restored = registry.reference(target);
    testbed.tree().harbourctl("restore", "--plain-http", converted, restored).run();
    return restored;
  }

  private String push(OciLayout layout, String target) throws IOException, InterruptedException {
    String image = registry.reference(target);
    Command.of("skopeo", "copy", "--quiet", "--dest-tls-verify=false")
        .withArguments("oci:" + layout.directory(), "docker://" + image)
        .run();
    return image;
  }

  private static String raw(String image) throws IOException, InterruptedException {
    return Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + image)
        .run()
        .text();
  }

  /** An image of an ordinary layer, and of one that another repository here is said to have. */
  private OciLayout layout(Kind kind, String name) throws IOException, InterruptedException {
    OciLayout layout =
        OciLayout.create(
            testbed.workspace().directory("images/foreign-" + kind.repository() + "-" + name));
    OciLayout.Layer lower = layout.addLayer(tar -> write("lower", tar));
    OciLayout.Layer upper = compressedOtherwise(layout, layout.addLayer(tar -> write(name, tar)));
    OciLayout.Descriptor image =
        layout.addImage(TestImages.architecture(), List.of(lower, upper), List.of("/none"));
    ObjectNode manifest = (ObjectNode) JSON.readTree(layout.blob(image.digest()).toFile());
    manifest.put("mediaType", kind.manifest);
    manifest.withObject("/config").put("mediaType", kind.config);
    ((ObjectNode) manifest.at("/layers/0")).put("mediaType", kind.layer);
    ObjectNode foreign = (ObjectNode) manifest.at("/layers/1");
    foreign.put("mediaType", kind.foreign);
    foreign.putArray("urls").add("http://" + registry.reference("v2/vendor/blobs/" + upper.blob()));
    return layout.finish(layout.addBlob(kind.manifest, JSON.writeValueAsBytes(manifest)));
  }

  /** By another program, so that restoring does not happen to make the same bytes. */
  private static OciLayout.Layer compressedOtherwise(OciLayout layout, OciLayout.Layer layer)
      throws IOException, InterruptedException {
    byte[] bytes =
        Command.of("sh", "-euc", "gzip -dc \"$0\" | gzip -9n", layout.blob(layer.blob()))
            .run()
            .bytes();
    OciLayout.Descriptor blob = layout.addBlob(layer.mediaType(), bytes);
    return new OciLayout.Layer(layer.mediaType(), blob.digest(), blob.size(), layer.uncompressed());
  }

  /** The same layers in an image in which both may be distributed. */
  private OciLayout ordinary(OciLayout of) throws IOException {
    OciLayout layout =
        OciLayout.create(
            testbed.workspace().directory("images/" + of.directory().getFileName() + "-ordinary"));
    List<OciLayout.Layer> layers =
        of.layers().stream()
            .map(layer -> layer.as(OciLayout.Compression.GZIP.mediaType()))
            .toList();
    for (OciLayout.Layer layer : layers) {
      layout.addLayer(of, layer);
    }
    return layout.finish(layout.addImage(TestImages.architecture(), layers, List.of("/none")));
  }

  private static void write(String name, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("d", Attributes.of(0755));
      tar.file(
          "d/" + name, Attributes.of(0644), ("of " + name).getBytes(StandardCharsets.US_ASCII));
    }
  }
}
