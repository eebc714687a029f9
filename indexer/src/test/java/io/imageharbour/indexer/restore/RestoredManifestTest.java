package io.imageharbour.indexer.restore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.registry.UploadedBlob;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Manifests and lists of restored images. */
class RestoredManifestTest {

  private static final Digest OLD = Digest.sha256("old".getBytes(UTF_8));
  private static final Digest NEW = Digest.sha256("new".getBytes(UTF_8));

  private static final Document MANIFEST =
      document(
          """
          { "layers": [
            {"mediaType":"l","digest":"%s","size":3,"urls":["https://example.com"],
             "annotations":{"containerd.io/snapshot/stargz/toc.digest":"t",
              "io.github.containers.zstd-chunked.manifest-position":"p","kept":"k"}},
            {"mediaType":"l","digest":"%s","size":3,"annotations":{"io.containers.estargz.x":"x"}}
          ], "annotations":{"a":"b"} }
          """
              .formatted(OLD, OLD));

  @Test
  void areTheSameToTheByteIfTheirLayersAre() throws Exception {
    assertThat(
            RestoredManifest.of(
                MANIFEST, List.of(new UploadedBlob(OLD, 3), new UploadedBlob(OLD, 3))))
        .isEqualTo(MANIFEST.bytes());
  }

  @Test
  void sayNothingOfCompressedBytesThatAreGone() throws Exception {
    assertThat(
            new String(
                RestoredManifest.of(
                    MANIFEST, List.of(new UploadedBlob(NEW, 5), new UploadedBlob(NEW, 5))),
                UTF_8))
        .isEqualTo(
            """
            {"layers":[{"mediaType":"l","digest":"%s","size":5,"annotations":{"kept":"k"}},\
            {"mediaType":"l","digest":"%s","size":5}],"annotations":{"a":"b"}}"""
                .formatted(NEW, NEW));
  }

  @Test
  void sayThatALayerIsForeignOnlyWhereThatNeedsNoAddresses() throws Exception {
    Document manifest =
        document(
            """
            {"layers":[{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",\
            "digest":"%1$s","size":3,"urls":["https://example.com"]},\
            {"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",\
            "digest":"%1$s","size":3,"urls":["https://example.com"]}]}"""
                .formatted(OLD));
    assertThat(
            new String(
                RestoredManifest.of(
                    manifest, List.of(new UploadedBlob(NEW, 5), new UploadedBlob(NEW, 5))),
                UTF_8))
        .isEqualTo(
            """
            {"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip",\
            "digest":"%1$s","size":5},\
            {"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",\
            "digest":"%1$s","size":5}]}"""
                .formatted(NEW));
  }

  @Test
  void listsKeepWhatWasRestored() throws Exception {
    Document list =
        document(
            """
            {"manifests":[{"digest":"%s","size":1,"platform":{"os":"linux"}},{"digest":"%s","size":2}]}"""
                .formatted(OLD, NEW));
    assertThat(
            new String(
                RestoredManifest.listOf(list, Map.of(OLD, new UploadedBlob(Digest.EMPTY, 9))),
                UTF_8))
        .isEqualTo(
            """
            {"manifests":[{"digest":"%s","size":9,"platform":{"os":"linux"}}]}"""
                .formatted(Digest.EMPTY));
  }

  private static Document document(String json) {
    return new Document("application/json", json.getBytes(UTF_8));
  }
}
