package io.imageharbour.indexer.convert;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.luben.zstd.Zstd;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.image.CorruptContentException;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.NotAnIndexImageException;
import io.imageharbour.indexer.image.PackVerification;
import io.imageharbour.indexer.image.PackVerifier;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Repository;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Index images that are read back after something happened to them in the registry. */
class DamagedIndexImageTest {

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
  void aSoundImageHasNoProblems() throws Exception {
    long[] heard = new long[3];
    PackVerifier.Listener listener =
        new PackVerifier.Listener() {
          @Override
          public void started(Digest pack, long bytes) {
            heard[0] += bytes;
          }

          @Override
          public void advanced(long bytes) {
            heard[1] += bytes;
          }

          @Override
          public void finished(Digest pack) {
            heard[2]++;
          }
        };
    IndexImage image = convert("sound");
    PackVerification verification = new PackVerifier(listener).verify(image);
    assertThat(verification.isSound()).isTrue();
    assertThat(verification.packs()).isEqualTo(1);
    assertThat(verification.frames()).isEqualTo(image.index().frames().size());
    assertThat(verification.contents()).isEqualTo(4);
    assertThat(verification.bytes()).isEqualTo(image.index().packs().getFirst().size());
    assertThat(heard).containsExactly(verification.bytes(), verification.bytes(), 1);
  }

  @Test
  void aChangedByteIsFoundWhenVerifyingAndWhenReading() throws Exception {
    IndexImage image = convert("changed");
    Frame frame = image.index().frames().get(1);
    changeByte(image, frame.offset() + frame.compressedSize() / 2);
    PackVerification verification = verify(image);
    assertThat(verification.isSound()).isFalse();
    assertThat(verification.problems())
        .anyMatch(problem -> problem.contains("frame at " + frame.offset()))
        .anyMatch(
            problem -> problem.contains(image.index().packs().getFirst().digest().toString()));
    assertThat(verification.contents()).isEqualTo(3);
    assertThatThrownBy(() -> readAll(image))
        .isInstanceOf(CorruptContentException.class)
        .hasMessageContaining("The frame at " + frame.offset())
        .hasMessageContaining("127.0.0.1");
  }

  @Test
  void anotherContentInAWellFormedFrameIsFound() throws Exception {
    IndexImage image = convert("replaced");
    Frame frame = image.index().frames().getFirst();
    byte[] other = new byte[frame.size()];
    new Random(77).nextBytes(other);
    byte[] compressed = Zstd.compress(other);
    // random bytes compress to the same length, whatever they are
    assertThat(compressed).hasSize(frame.compressedSize());
    try (RandomAccessFile pack = new RandomAccessFile(pack(image).toFile(), "rw")) {
      pack.seek(frame.offset());
      pack.write(compressed);
    }
    assertThat(verify(image).problems()).anyMatch(problem -> problem.contains("the chunk"));
    assertThatThrownBy(() -> readAll(image))
        .isInstanceOf(CorruptContentException.class)
        .hasMessageContaining("does not hold the chunk");
  }

  @Test
  void aMissingPackIsOneProblem() throws Exception {
    IndexImage image = convert("missing");
    Files.delete(pack(image));
    assertThat(verify(image).problems()).hasSize(1);
    assertThat(verify(image).contents()).isEqualTo(1); // the empty one
  }

  @Test
  void aDamagedIndexLayerIsNotTrusted() throws Exception {
    IndexImage image = convert("layer");
    Path layer =
        registry.blob(
            Digest.parse(
                new JsonMapper()
                    .readTree(image.manifest().bytes())
                    .at("/layers/0/digest")
                    .asText()));
    byte[] bytes = Files.readAllBytes(layer);
    bytes[9] = 3; // the operating system in gzip's header, which changes no content
    Files.write(layer, bytes);
    assertThatThrownBy(() -> IndexImage.open(registry.repository("layer"), "h", AMD64))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("sha256:");
  }

  @Test
  void imagesForOtherPlatformsAndOrdinaryOnesAreNamed() throws Exception {
    IndexImage image = convert("named");
    Repository repository = registry.repository("named");
    assertThatThrownBy(() -> IndexImage.open(repository, "h", Platform.parse("linux/arm64")))
        .isInstanceOf(NotAnIndexImageException.class)
        .hasMessageContaining("named:h")
        .hasMessageContaining("linux/amd64");
    String digest = image.manifest().digest().toString();
    assertThat(IndexImage.open(repository, digest, AMD64).index()).isEqualTo(image.index());
    assertThatThrownBy(() -> IndexImage.open(repository, digest, Platform.parse("linux/arm64")))
        .isInstanceOf(NotAnIndexImageException.class);
    assertThatThrownBy(() -> IndexImage.open(repository, "1", AMD64))
        .isInstanceOf(NotAnIndexImageException.class)
        .hasMessageContaining("named:1 is an ordinary image")
        .hasMessageContaining("harbourctl convert");
    assertThat(IndexImage.openAll(repository, "h")).hasSize(1);
    assertThat(IndexImage.platforms(repository, digest)).containsExactly(AMD64);
  }

  private static IndexImage convert(String name) throws Exception {
    Repository repository = registry.repository(name);
    TestImage.of(
            new LayerTar()
                .file("a", random(100_000, name))
                .file("big", random(2_000_000, name))
                .file("c", random(10_000, name))
                .file("empty", ""))
        .push(repository, "1");
    new Converter(registry.client(), ConversionOptions.defaults())
        .convert(
            ImageReference.parse(repository.name() + ":1"),
            ImageReference.parse(repository.name() + ":h"),
            ConversionListener.SILENT);
    return IndexImage.open(repository, "h", AMD64);
  }

  private static PackVerification verify(IndexImage image) throws Exception {
    return new PackVerifier(PackVerifier.Listener.SILENT).verify(image);
  }

  private static void readAll(IndexImage image) throws Exception {
    for (int i = 0; i < image.index().contents().size(); i++) {
      try (InputStream content = image.openContent(i)) {
        content.readAllBytes();
      }
    }
  }

  private static Path pack(IndexImage image) {
    Pack pack = image.index().packs().getFirst();
    return registry.blob(pack.digest());
  }

  private static void changeByte(IndexImage image, long offset) throws Exception {
    try (RandomAccessFile pack = new RandomAccessFile(pack(image).toFile(), "rw")) {
      pack.seek(offset);
      int old = pack.read();
      pack.seek(offset);
      pack.write(old ^ 0x55);
    }
  }

  /** Other bytes for every image, for the registry keeps equal packs once. */
  private static String random(int size, String name) {
    byte[] bytes = new byte[size];
    new Random(size + name.hashCode()).nextBytes(bytes);
    return new String(bytes, ISO_8859_1);
  }
}
