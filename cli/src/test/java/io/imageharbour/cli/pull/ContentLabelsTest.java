package io.imageharbour.cli.pull;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.RepositoryName;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ContentLabelsTest {

  private static Descriptor child(String mediaType) {
    Digest digest = Digest.sha256(mediaType.getBytes(StandardCharsets.UTF_8));
    return new Descriptor(mediaType, digest, 1, Optional.empty(), false, "", Map.of());
  }

  @Test
  void childrenAreCountedByTheirKind() {
    assertThat(
            ContentLabels.references(
                    List.of(
                        child(MediaTypes.DOCKER_CONFIG),
                        child("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
                        child("application/vnd.oci.image.layer.v1.tar+zstd+encrypted"),
                        child("application/spdx+json"),
                        child(MediaTypes.DOCKER_MANIFEST),
                        child(MediaTypes.OCI_INDEX)))
                .keySet())
        .containsExactly(
            "containerd.io/gc.ref.content.config",
            "containerd.io/gc.ref.content.l.0",
            "containerd.io/gc.ref.content.l.1",
            "containerd.io/gc.ref.content.0",
            "containerd.io/gc.ref.content.m.0",
            "containerd.io/gc.ref.content.1");
  }

  @Test
  void theRegistryIsNamedWithoutItsPort() {
    String path = "team/tool";
    assertThat(ContentLabels.source(new RepositoryName("reg.example.com:5000", path), Map.of()))
        .isEqualTo(Map.of("containerd.io/distribution.source.reg.example.com", path));
    assertThat(ContentLabels.source(new RepositoryName("[::1]:5000", path), Map.of()))
        .isEqualTo(Map.of("containerd.io/distribution.source.::1", path));
    assertThat(ContentLabels.source(new RepositoryName("[::1]", path), Map.of()))
        .isEqualTo(Map.of("containerd.io/distribution.source.::1", path));
  }

  @Test
  void repositoriesThatAreKnownStayAndNoneIsNamedTwice() {
    String label = "containerd.io/distribution.source.reg";
    RepositoryName repository = new RepositoryName("reg", "b");
    assertThat(ContentLabels.source(repository, Map.of(label, "c,a")))
        .isEqualTo(Map.of(label, "a,b,c"));
    assertThat(ContentLabels.source(repository, Map.of(label, "a,b")))
        .isEqualTo(Map.of(label, "a,b"));
    assertThat(ContentLabels.source(repository, Map.of(label, "x".repeat(4058)))).isEmpty();
  }
}
