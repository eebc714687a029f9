package io.imageharbour.cli.pull;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SnapshotLabelsTest {

  private static final String LAYERS = "containerd.io/snapshot/cri.image-layers";

  private static SnapshotLabels labels(int layers, Map<String, String> annotations)
      throws InvalidReferenceException {
    return new SnapshotLabels(
        ImageReference.parse("redis"),
        digest("manifest"),
        Layer.chain(
            IntStream.range(0, layers)
                .mapToObj(
                    i ->
                        new Descriptor(
                            MediaTypes.OCI_LAYER_GZIP,
                            digest("layer " + i),
                            1,
                            Optional.empty(),
                            false,
                            "",
                            annotations))
                .toList(),
            IntStream.range(0, layers).mapToObj(i -> digest("diff " + i)).toList()));
  }

  private static Digest digest(String text) {
    return Digest.sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void theImageIsCalledByItsFullName() throws Exception {
    assertThat(labels(1, Map.of()).of(0))
        .containsEntry("containerd.io/snapshot/cri.image-ref", "docker.io/library/redis:latest");
  }

  @Test
  void ofManyLayersAsManyAreNamedAsALabelHolds() throws Exception {
    String digests = labels(128, Map.of()).of(70).getOrDefault(LAYERS, "");

    assertThat(digests.split(",", -1)).hasSize(56).startsWith(digest("layer 70").toString());
    assertThat(digests.length() + LAYERS.length()).isLessThanOrEqualTo(4096);
    assertThat(labels(128, Map.of()).of(127)).containsEntry(LAYERS, digest("layer 127").toString());
  }

  @Test
  void annotationsForSnapshottersAreHandedOnAndCannotReplaceWhatIsTrue() throws Exception {
    Map<String, String> labels =
        labels(
                1,
                Map.of(
                    "containerd.io/snapshot/remote/mine", "yes",
                    "containerd.io/snapshot/cri.image-ref", "evil.example.com/redis:latest",
                    "containerd.io/snapshot/long", "x".repeat(4096),
                    "containerd.io/snapshot.ref", "sha256:0",
                    "containerd.io/gc.root", "1"))
            .of(0);

    assertThat(labels)
        .hasSize(6)
        .containsEntry("containerd.io/snapshot/remote/mine", "yes")
        .containsEntry("containerd.io/snapshot/cri.image-ref", "docker.io/library/redis:latest")
        .containsEntry("containerd.io/snapshot.ref", digest("diff 0").toString());
  }
}
