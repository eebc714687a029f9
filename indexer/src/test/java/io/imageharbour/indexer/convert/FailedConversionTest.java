package io.imageharbour.indexer.convert;

import static io.imageharbour.indexer.convert.LayerTar.random;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.ManifestNotFoundException;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.UnexpectedBlobDigestException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Conversions in a real registry that end without an index image: what they say and leave. */
class FailedConversionTest {

  private static final Platform AMD64 = Platform.parse("linux/amd64");

  private static DockerRegistry registry;

  @BeforeAll
  static void start() throws Exception {
    registry = DockerRegistry.start();
  }

  @AfterAll
  static void stop() throws Exception {
    registry.close();
  }

  @Test
  void packsOfAnotherRegistryAreRefused() throws Exception {
    TestImage.of(new LayerTar().file("a", "1")).push(registry.repository("alone"), "1");
    assertThatThrownBy(
            () ->
                registry.convert(
                    "alone:1",
                    "alone:h",
                    ConversionOptions.defaults()
                        .withDedupFrom(List.of(ImageReference.parse("other.example/x:h")))))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("other.example/x:h")
        .hasMessageContaining("skopeo copy --all");
  }

  @Test
  void aDamagedLayerIsNoticedAndNothingIsLeft() throws Exception {
    Repository repository = registry.repository("wrong");
    TestImage image =
        TestImage.of(
            new LayerTar().file("bottom", random(9_000_000, 9)),
            new LayerTar().file("top", random(9_000_000, 10)));
    image.push(repository, "1");
    Path blob = registry.blob(Digest.sha256(image.layers().getFirst().blob()));
    byte[] damaged = Files.readAllBytes(blob);
    damaged[damaged.length / 2] ^= 1;
    Files.write(blob, damaged);
    assertThatThrownBy(() -> registry.convert("wrong:1", "wrong:h"))
        .isInstanceOfAny(UnexpectedBlobDigestException.class, UnconvertibleImageException.class)
        .hasMessageContaining(Digest.sha256(image.layers().getFirst().blob()).toString());
    assertThatThrownBy(() -> repository.manifest("h"))
        .isInstanceOf(ManifestNotFoundException.class);
    assertThat(registry.unfinishedUploads("wrong")).isEmpty();
  }

  @Test
  void aTruncatedGzipStreamIsRefused() throws Exception {
    byte[] tar = new LayerTar().file("a", random(100_000, 11)).toBytes();
    byte[] whole = TestImage.Layer.gzip(tar).blob();
    TestImage.of(
            "amd64",
            new TestImage.Layer(
                TestImage.OCI_LAYER + "+gzip",
                Arrays.copyOf(whole, whole.length - 9),
                Digest.sha256(tar)))
        .push(registry.repository("short"), "1");
    assertThatThrownBy(() -> registry.convert("short:1", "short:h"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("damaged or cut off");
  }

  @Test
  void aLayerThatMayNotBeDistributedIsReadFromTheRegistryOrMissed() throws Exception {
    Repository repository = registry.repository("foreign");
    byte[] tar = new LayerTar().file("a", "foreign").toBytes();
    TestImage image =
        TestImage.of(
            "amd64",
            new TestImage.Layer(
                "application/vnd.oci.image.layer.nondistributable.v1.tar",
                tar,
                Digest.sha256(tar)));
    image.push(repository, "1");
    registry.convert("foreign:1", "foreign:h");
    Files.delete(registry.blob(Digest.sha256(tar)));
    assertThatThrownBy(() -> registry.convert("foreign:1", "foreign:h2"))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("may not be distributed");
  }

  @Test
  void whatIsNoOrdinaryImageIsRefused() throws Exception {
    Repository repository = registry.repository("odd");
    TestImage.of(new LayerTar().file("a", "1")).push(repository, "1");
    registry.convert("odd:1", "odd:h");
    assertThatThrownBy(() -> registry.convert("odd:h", "odd:h2"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("index image already");
    String manifest = IndexImage.open(repository, "h", AMD64).manifest().digest().toString();
    assertThatThrownBy(() -> registry.convert("odd@" + manifest, "odd:h2"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("index image already");
    assertThatThrownBy(() -> registry.convert("odd:1", "odd:1"))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("source itself");
    assertThatThrownBy(() -> registry.convert("odd:1", "odd@" + manifest))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("give a tag");
    new TestImage(TestImage.OCI_MANIFEST, "application/vnd.example+json", "amd64", List.of())
        .push(repository, "artifact");
    assertThatThrownBy(() -> registry.convert("odd:artifact", "odd:h2"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("artifact");
    byte[] secret = "secret".getBytes(UTF_8);
    TestImage.of(
            "amd64",
            new TestImage.Layer(
                TestImage.OCI_LAYER + "+gzip+encrypted", secret, Digest.sha256(secret)))
        .push(repository, "encrypted");
    assertThatThrownBy(() -> registry.convert("odd:encrypted", "odd:h2"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("encrypted");
  }

  @Test
  void anInterruptEndsItAndCancelsTheUploads() throws Exception {
    Repository repository = registry.repository("interrupted");
    TestImage.of(
            new LayerTar().file("bottom", random(20_000_000, 14)),
            new LayerTar().file("top", random(20_000_000, 15)))
        .push(repository, "1");
    Thread converting = Thread.currentThread();
    ConversionListener listener =
        new ConversionListener() {
          @Override
          public void advanced(Stage stage, long amount) {
            if (stage == Stage.UPLOAD_PACKS) {
              converting.interrupt();
            }
          }
        };
    assertThatThrownBy(
            () ->
                registry.convert(
                    "interrupted:1", "interrupted:h", ConversionOptions.defaults(), listener))
        .isInstanceOfAny(InterruptedException.class, InterruptedIOException.class);
    Thread.interrupted();
    assertThat(registry.unfinishedUploads("interrupted")).isEmpty();
    assertThatThrownBy(() -> repository.manifest("h"))
        .isInstanceOf(ManifestNotFoundException.class);
  }
}
