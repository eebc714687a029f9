package io.imageharbour.packaging.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.ConversionListener;
import io.imageharbour.indexer.convert.ConversionOptions;
import io.imageharbour.indexer.convert.Converter;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.BlobUpload;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.ManifestNotFoundException;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry of the training, and the image in it, as Harbour's own client finds them. */
class TrainingRegistryTest {

  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  @TempDir private Path directory;
  private TrainingRegistry registry;
  private RegistryClient client;
  private Repository repository;

  @BeforeEach
  void start() throws Exception {
    registry = TrainingRegistry.start();
    client =
        new RegistryClient(
            RegistrySettings.defaults()
                .withCertsDirectories(List.of())
                .withDockerConfigDirectory(directory)
                .withTemporaryDirectory(directory));
    repository = client.repository(new RepositoryName(registry.host(), "a/b"));
  }

  @AfterEach
  void stop() {
    client.close();
    registry.close();
  }

  @Test
  void aBlobThatWasPushedInPiecesIsPulledWholeAndInParts() throws Exception {
    byte[] bytes = new byte[9 << 20];
    new Random(1).nextBytes(bytes);
    Digest digest = Digest.sha256(bytes);
    assertThat(repository.hasBlob(digest)).isFalse();
    try (BlobUpload upload = repository.startUpload()) {
      upload.write(bytes, 0, bytes.length);
      assertThat(upload.commit().digest()).isEqualTo(digest);
    }
    assertThat(repository.hasBlob(digest)).isTrue();
    try (InputStream whole = repository.openBlob(digest, bytes.length)) {
      assertThat(whole.readAllBytes()).isEqualTo(bytes);
    }
    assertThat(repository.readBlob(digest, bytes.length, 1000, 70_000))
        .isEqualTo(Arrays.copyOfRange(bytes, 1000, 71_000));
    assertThat(repository.readBlob(digest, bytes.length, bytes.length - 1, 1))
        .containsExactly(bytes[bytes.length - 1]);
  }

  @Test
  void aManifestIsFoundByItsTagAndItsDigest() throws Exception {
    byte[] bytes = "{\"schemaVersion\":2}".getBytes(StandardCharsets.UTF_8);
    repository.putManifest("v1", MANIFEST, bytes);
    assertThat(repository.tags(10)).containsExactly("v1");
    assertThat(repository.manifest("v1").bytes()).isEqualTo(bytes);
    assertThat(repository.manifest(Digest.sha256(bytes).toString()).mediaType())
        .isEqualTo(MANIFEST);
  }

  @Test
  void whatIsNotThereIsNotFound() {
    assertThatExceptionOfType(ManifestNotFoundException.class)
        .isThrownBy(() -> repository.manifest("v2"));
    assertThatExceptionOfType(BlobNotFoundException.class)
        .isThrownBy(() -> repository.readBlob(Digest.EMPTY, 1, 0, 1));
  }

  @Test
  void theImageIsTheSameEveryTimeAndItsIndexLayerHoldsTheIndex() throws Exception {
    TrainingImage.addTo(registry, "1");
    TrainingImage.addTo(registry, "2");
    assertThat(repository.manifest("1").digest()).isEqualTo(repository.manifest("2").digest());

    new Converter(client, ConversionOptions.defaults())
        .convert(
            ImageReference.parse(registry.host() + "/a/b:1"),
            ImageReference.parse(registry.host() + "/a/b:1-harbour"),
            ConversionListener.SILENT);

    IndexLayer layer = IndexLayer.of(registry, "a/b", "1-harbour");
    assertThat(layer.repository()).isEqualTo("a/b");
    layer.writeTo(directory);
    try (InputStream in = Files.newInputStream(directory.resolve(ImageIndex.PATH_IN_LAYER))) {
      ImageIndex index = IndexFormat.read(in, "the index of the training");
      assertThat(index.contents()).hasSizeGreaterThan(5000);
      assertThat(index.contents()).anyMatch(content -> content.chunks().size() > 50);
    }
  }
}
