package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.TreeDiff;
import io.imageharbour.testbed.TreeKind;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Images of every kind with their index beside them, on a node with trees of EROFS and on one with
 * trees of FUSE: each comes without its layers, and is as overlayfs has it.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AttachedImagesIT {

  private SharedTestbed testbed;
  private final List<Node> nodes = new ArrayList<>();

  @BeforeAll
  void startNodes(SharedTestbed shared) throws Exception {
    testbed = shared;
    for (TreeKind kind : TreeKind.values()) {
      nodes.add(
          Node.start(
              testbed.workspace(),
              testbed.tree(),
              "i" + kind.ordinal(),
              RegistryAccess.plainHttp(List.of()),
              Optional.empty(),
              kind));
    }
  }

  @AfterAll
  void stopNodes() throws Exception {
    for (Node node : nodes) {
      node.close();
    }
  }

  @Test
  void anImageMayHave128Layers() throws Exception {
    OciLayout layout = testbed.images().manyLayers();
    String image = testbed.registry().add(layout, "attached/many-layers", "1");

    assertThat(testbed.tree().attach(image).path("platforms")).hasSize(1);

    assertComesWithoutLayersAndIsTheSame(image, layout.layers(), 150);
  }

  @Test
  void anImageMayHaveSeveralPlatforms() throws Exception {
    OciLayout odd = testbed.images().odd();
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/attached-platforms"));
    List<OciLayout.Layer> shared = new ArrayList<>();
    for (OciLayout.Layer layer : odd.layers()) {
      shared.add(layout.addLayer(odd, layer));
    }
    Map<String, OciLayout.Descriptor> platforms = new TreeMap<>();
    List<OciLayout.Layer> layers = List.of();
    for (String architecture : List.of("amd64", "arm64")) {
      List<OciLayout.Layer> all = new ArrayList<>(shared);
      all.add(layout.addLayer(tar -> write(architecture, tar)));
      platforms.put(architecture, layout.addImage(architecture, all, List.of("/none")));
      layers = architecture.equals(TestImages.architecture()) ? all : layers;
    }
    layout.finish(layout.addIndex(platforms));
    String image = testbed.registry().add(layout, "attached/platforms", "1");

    JsonNode attached = testbed.tree().attach(image);

    assertThat(attached.path("platforms").findValuesAsText("source"))
        .containsExactlyElementsOf(
            platforms.values().stream().map(it -> it.digest().toString()).toList());
    assertComesWithoutLayersAndIsTheSame(image, layers, 3000);
  }

  private void assertComesWithoutLayersAndIsTheSame(
      String image, List<OciLayout.Layer> layers, int paths) throws Exception {
    for (Node node : nodes) {
      JsonNode pulled = testbed.tree().pull(node.ctr(), image);

      assertThat(pulled.at("/layers/found").asInt()).as(pulled.toString()).isEqualTo(layers.size());
      String blobs = node.ctr().command("content", "ls", "--quiet").run().text();
      for (OciLayout.Layer layer : layers) {
        assertThat(blobs).doesNotContain(layer.blob().toString());
      }
    }
    Ctr reference = nodes.getFirst().ctr();
    reference.pull(Snapshotter.OVERLAYFS, image);
    Path overlayfs = testbed.workspace().directory("m/attached-overlayfs");
    reference.mountImage(Snapshotter.OVERLAYFS, image, overlayfs);
    try {
      for (Node node : nodes) {
        assertSame(overlayfs, node.ctr(), image, paths);
      }
    } finally {
      reference.unmountImage(Snapshotter.OVERLAYFS, overlayfs);
    }
  }

  private void assertSame(Path overlayfs, Ctr ctr, String image, int paths) throws Exception {
    Path harbour = testbed.workspace().directory("m/attached-harbour");
    ctr.mountImage(Snapshotter.HARBOUR, image, harbour);
    try {
      SideBySide.assertSame(TreeDiff.compare(overlayfs, harbour), paths, Set.of("/"));
    } finally {
      ctr.unmountImage(Snapshotter.HARBOUR, harbour);
    }
  }

  private static void write(String architecture, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("files", Attributes.of(0755));
      tar.whiteout("files", "owned");
      tar.file(
          "architecture", Attributes.of(0644), architecture.getBytes(StandardCharsets.US_ASCII));
    }
  }
}
