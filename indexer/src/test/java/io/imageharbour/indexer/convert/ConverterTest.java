package io.imageharbour.indexer.convert;

import static io.imageharbour.indexer.convert.LayerTar.random;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.luben.zstd.Zstd;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Repository;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Conversion from and to a real registry. */
class ConverterTest {

  private static final Platform AMD64 = Platform.parse("linux/amd64");
  private static final Platform ARM64 = Platform.parse("linux/arm64");
  private static final JsonMapper JSON = new JsonMapper();

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
  void everyFileComesBackFromThePacks() throws Exception {
    String big = random(5_000_000, 1);
    Repository repository = registry.repository("back");
    TestImage.of(
            new LayerTar().directory("d", 0755).file("d/a", "one").file("d/b", "gone"),
            new LayerTar().whiteout("d/b").file("c", "two").file("big", big).file("empty", ""))
        .push(repository, "1");
    ConversionSummary summary = registry.convert("back:1", "back:h");

    IndexImage image = IndexImage.open(repository, "h", AMD64);
    assertThat(TreeListing.of(image.index())).containsOnlyKeys("big", "c", "d", "d/a", "empty");
    List<String> contents = new ArrayList<>();
    for (int i = 0; i < image.index().contents().size(); i++) {
      try (InputStream content = image.openContent(i)) {
        contents.add(new String(content.readAllBytes(), ISO_8859_1));
      }
    }
    assertThat(contents).containsExactly(big, "two", "one", "");
    assertThat(summary.files()).isEqualTo(4);
    assertThat(summary.uniqueFiles()).isEqualTo(4);
    assertThat(summary.uncompressedBytes()).isEqualTo(5_000_006);
    assertThat(summary.packBytes())
        .isEqualTo(image.index().packs().stream().mapToLong(Pack::size).sum());
    assertThat(summary.referencedFiles()).isZero();
  }

  @Test
  void theConfigIsTheSourcesWithOneLayer() throws Exception {
    Repository repository = registry.repository("config");
    TestImage.of(new LayerTar().file("a", "1"), new LayerTar().file("b", "2"))
        .push(repository, "1");
    registry.convert("config:1", "config:h");

    IndexImage image = IndexImage.open(repository, "h", AMD64);
    JsonNode config = JSON.readTree(image.config());
    JsonNode manifest = JSON.readTree(image.manifest().bytes());
    assertThat(config.at("/config/Entrypoint/0").asText()).isEqualTo("/bin/true");
    assertThat(config.path("created").asText()).isEqualTo("2020-02-02T02:02:02Z");
    assertThat(config.at("/rootfs/diff_ids")).hasSize(1);
    assertThat(config.path("history")).hasSize(3);
    assertThat(config.path("history"))
        .filteredOn(entry -> !entry.path("empty_layer").asBoolean())
        .hasSize(1);
    assertThat(manifest.at("/annotations/org.opencontainers.image.title").asText())
        .isEqualTo("test");
    assertThat(image.sourceDigest()).isEqualTo(repository.manifest("1").digest());
    byte[] layer = blob(repository, manifest.at("/layers/0"));
    byte[] tar = gunzip(layer);
    assertThat(Digest.sha256(tar)).hasToString(config.at("/rootfs/diff_ids/0").asText());
    Path file = Files.write(registry.directory().resolve("layer.tar"), tar);
    assertThat(output("tar", "--utc", "-tvf", file.toString()).lines())
        .hasSize(2)
        .anyMatch(line -> line.matches("drwxr-xr-x 0/0 +0 1970-01-01 00:00 \\.harbour/"))
        .anyMatch(line -> line.matches("-r--r--r-- 0/0 +\\d+ 1970-01-01 00:00 \\.harbour/index"));
  }

  @Test
  void theSameInputGivesTheSameDigestsWhateverTheJobsAndWhetherPacksAreFoundOrNot()
      throws Exception {
    TestImage image =
        TestImage.of(
            new LayerTar()
                .file("a", "1")
                .file("big", random(3_000_000, 2))
                .file("text", "x".repeat(200_000)),
            new LayerTar().file("b", random(100_000, 3)).file("c", "1"));
    image.push(registry.repository("same"), "1");
    ConversionSummary first =
        registry.convert("same:1", "same:h", ConversionOptions.defaults().withJobs(1));
    ConversionSummary second =
        registry.convert("same:1", "same:h", ConversionOptions.defaults().withJobs(4).withLevel(9));
    assertThat(second.digest()).isEqualTo(first.digest());
    assertThat(second.packBytes()).isZero();
    assertThat(second.referencedFiles()).isEqualTo(second.uniqueFiles());
    assertThat(second.referencedBytes()).isEqualTo(second.uniqueBytes());

    registry.forget("same");
    image.push(registry.repository("same"), "1");
    ConversionSummary anew =
        registry.convert("same:1", "same:h", ConversionOptions.defaults().withJobs(4));
    assertThat(anew.digest()).isEqualTo(first.digest());
    assertThat(anew.packBytes()).isEqualTo(first.packBytes());
  }

  @Test
  void filesInPacksOfOtherTagsAreReferenced() throws Exception {
    Repository repository = registry.repository("tags");
    String shared = random(3_000_000, 4);
    TestImage.of(new LayerTar().file("lib", shared).file("a", "1")).push(repository, "1");
    TestImage.of(new LayerTar().file("other/lib", shared).file("b", "2")).push(repository, "2");
    ConversionSummary first = registry.convert("tags:1", "tags:1-h");
    ConversionSummary second = registry.convert("tags:2", "tags:2-h");
    assertThat(second.packBytes()).isLessThan(100);
    assertThat(second.referencedFiles()).isEqualTo(1);
    assertThat(second.referencedBytes()).isEqualTo(3_000_000);
    IndexImage image = IndexImage.open(repository, "2-h", AMD64);
    assertThat(image.index().packs()).hasSize(2);
    assertThat(first.packBytes()).isGreaterThan(3_000_000);

    // and again, though both images' packs could be used now
    assertThat(registry.convert("tags:2", "tags:2-h").digest()).isEqualTo(second.digest());
    assertThat(registry.convert("tags:1", "tags:1-h").digest()).isEqualTo(first.digest());
  }

  @Test
  void packsOfOtherRepositoriesAreMounted() throws Exception {
    String shared = random(3_000_000, 5);
    TestImage.of(new LayerTar().file("lib", shared)).push(registry.repository("from/base"), "1");
    TestImage.of(new LayerTar().file("lib2", shared).file("b", "2"))
        .push(registry.repository("to/app"), "1");
    registry.convert("from/base:1", "from/base:h");
    ConversionSummary summary =
        registry.convert(
            "to/app:1",
            "to/app:h",
            ConversionOptions.defaults()
                .withDedupFrom(List.of(ImageReference.parse(registry.host() + "/from/base:h"))));
    assertThat(summary.packBytes()).isLessThan(100);
    registry.forget("from/base");
    assertThat(registry.collectGarbage()).isZero();
    assertThat(Verifications.problems(registry.repository("to/app"), "h", AMD64)).isEmpty();
  }

  @Test
  void anUnreadableIndexImageOfTheRepositoryIsPassedOverWithAWarning() throws Exception {
    Repository repository = registry.repository("damaged");
    TestImage.of(new LayerTar().file("a", "1")).push(repository, "1");
    registry.convert("damaged:1", "damaged:old");
    JsonNode manifest = JSON.readTree(IndexImage.open(repository, "old", AMD64).manifest().bytes());
    Path layer = registry.blob(Digest.parse(manifest.at("/layers/0/digest").asText()));
    Files.write(layer, new byte[(int) Files.size(layer)]);
    List<String> warnings = new ArrayList<>();
    ConversionListener listener =
        new ConversionListener() {
          @Override
          public void warned(String message) {
            warnings.add(message);
          }
        };
    registry.convert("damaged:1", "damaged:new", ConversionOptions.defaults(), listener);
    assertThat(warnings).singleElement().asString().contains("damaged:old");
  }

  @Test
  void everyPlatformIsConvertedAndAttestationsAreNot() throws Exception {
    Repository repository = registry.repository("multi");
    String shared = random(2_000_000, 6);
    TestImage.Layer amd = TestImage.Layer.gzip(layer("bin", "amd", "data", shared));
    TestImage.Layer arm = TestImage.Layer.gzip(layer("bin", "arm", "data", shared));
    String one = TestImage.of("amd64", amd).push(repository, "");
    String two = TestImage.of("arm64", arm).push(repository, "");
    String attestation =
        TestImage.of("amd64", arm)
            .push(repository, "")
            .replaceFirst(
                "\"platform\":.*",
                "\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}}");
    TestImage.pushIndex(repository, "1", one, attestation, two);

    ConversionSummary summary = registry.convert("multi:1", "multi:h");
    assertThat(summary.platforms())
        .extracting(ConversionSummary.ConvertedPlatform::platform)
        .containsExactly(AMD64, ARM64);
    assertThat(IndexImage.platforms(repository, "h")).containsExactly(AMD64, ARM64);
    assertThat(summary.packBytes()).isLessThan(2_100_000);
    assertThat(IndexImage.open(repository, "h", ARM64).index().packs()).hasSize(2);
    assertThat(Verifications.problems(repository, "h", AMD64)).isEmpty();
    assertThat(Verifications.problems(repository, "h", ARM64)).isEmpty();

    ConversionSummary onlyArm =
        registry.convert(
            "multi:1", "multi:arm", ConversionOptions.defaults().withPlatforms(List.of(ARM64)));
    assertThat(onlyArm.platforms()).hasSize(1);
    assertThatThrownBy(
            () ->
                registry.convert(
                    "multi:1",
                    "multi:s390",
                    ConversionOptions.defaults()
                        .withPlatforms(List.of(Platform.parse("linux/s390x")))))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("linux/s390x");
  }

  @Test
  void theVariantThatOnlyAListKnowsIsKept() throws Exception {
    Repository repository = registry.repository("variant");
    String image =
        TestImage.of("arm", TestImage.Layer.gzip(new LayerTar().file("a", "1").toBytes()))
            .push(repository, "");
    String windows = image.replace("\"linux\"", "\"windows\"");
    TestImage.pushIndex(
        repository, "1", image.replace("\"arm\"", "\"arm\",\"variant\":\"v7\""), windows);
    registry.convert("variant:1", "variant:h");
    Platform v7 = Platform.parse("linux/arm/v7");
    assertThat(IndexImage.platforms(repository, "h")).containsExactly(v7);
    assertThat(IndexImage.open(repository, "h", v7).platform()).isEqualTo(v7);
  }

  @Test
  void dockerManifestsAndLayersOfEveryCompressionAreRead() throws Exception {
    byte[] plain = new LayerTar().file("plain", "1").toBytes();
    byte[] zstd = new LayerTar().file("zstd", "2").toBytes();
    byte[] gzip = new LayerTar().file("gzip", "3").toBytes();
    new TestImage(
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.container.image.v1+json",
            "amd64",
            List.of(
                new TestImage.Layer(
                    "application/vnd.docker.image.rootfs.diff.tar", plain, Digest.sha256(plain)),
                new TestImage.Layer(
                    TestImage.OCI_LAYER + "+zstd", Zstd.compress(zstd), Digest.sha256(zstd)),
                new TestImage.Layer(
                    // says gzip and is none: the bytes decide, as with containerd
                    "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    gzip,
                    Digest.sha256(gzip))))
        .push(registry.repository("docker"), "1");
    registry.convert("docker:1", "docker:h");
    assertThat(TreeListing.of(IndexImage.open(registry.repository("docker"), "h", AMD64).index()))
        .containsOnlyKeys("plain", "zstd", "gzip");
  }

  @Test
  void anImageWithoutFilesIsConverted() throws Exception {
    TestImage.of(new LayerTar().directory("d", 0755)).push(registry.repository("empty"), "1");
    registry.convert("empty:1", "empty:h");
    assertThat(Verifications.problems(registry.repository("empty"), "h", AMD64)).isEmpty();
  }

  @Test
  void skopeoUnderstandsAndCopiesIt() throws Exception {
    TestImage.of(new LayerTar().file("a", random(200_000, 7)))
        .push(registry.repository("skopeo"), "1");
    registry.convert("skopeo:1", "skopeo:h");
    String image = "docker://" + registry.host() + "/skopeo:h";
    JsonNode inspected = JSON.readTree(output("skopeo", "inspect", "--tls-verify=false", image));
    assertThat(inspected.path("Layers")).hasSize(1);
    assertThat(inspected.path("Architecture").asText()).isEqualTo("amd64");

    Path layout = registry.directory().resolve("layout");
    output(
        "skopeo", "copy", "-q", "--all", "--src-tls-verify=false", image, "oci:" + layout + ":h");
    Digest pack =
        IndexImage.open(registry.repository("skopeo"), "h", AMD64)
            .index()
            .packs()
            .getFirst()
            .digest();
    Path copied = layout.resolve("blobs/sha256/" + pack.hex());
    assertThat(Digest.sha256(Files.readAllBytes(copied))).isEqualTo(pack);
    output("zstd", "-q", "-t", copied.toString());
    output(
        "skopeo",
        "copy",
        "-q",
        "--all",
        "--dest-tls-verify=false",
        "oci:" + layout + ":h",
        "docker://" + registry.host() + "/elsewhere:h");
    assertThat(Verifications.problems(registry.repository("elsewhere"), "h", AMD64)).isEmpty();
  }

  @Test
  void theRegistrysGarbageCollectorKeepsWhatIsNeeded() throws Exception {
    TestImage.of(new LayerTar().file("a", random(200_000, 8)))
        .push(registry.repository("garbage"), "1");
    registry.convert("garbage:1", "garbage:h");
    assertThat(registry.collectGarbage()).isZero();
    assertThat(Verifications.problems(registry.repository("garbage"), "h", AMD64)).isEmpty();
  }

  @Test
  void progressAddsUpToTheTotals() throws Exception {
    TestImage.of(
            new LayerTar().file("a", random(100_000, 12)),
            new LayerTar().file("b", random(100_000, 13)))
        .push(registry.repository("progress"), "1");
    Map<ConversionListener.Stage, Long> announced = new EnumMap<>(ConversionListener.Stage.class);
    Map<ConversionListener.Stage, Long> seen = new EnumMap<>(ConversionListener.Stage.class);
    Map<ConversionListener.Stage, Long> open = new EnumMap<>(ConversionListener.Stage.class);
    ConversionListener listener =
        new ConversionListener() {
          @Override
          public synchronized void started(Stage stage, String subject, long total) {
            announced.merge(stage, total, Long::sum);
            open.merge(stage, 1L, Long::sum);
          }

          @Override
          public synchronized void advanced(Stage stage, long amount) {
            seen.merge(stage, amount, Long::sum);
          }

          @Override
          public synchronized void finished(Stage stage) {
            open.merge(stage, -1L, Long::sum);
          }
        };
    ConversionSummary summary =
        registry.convert("progress:1", "progress:h", ConversionOptions.defaults(), listener);
    assertThat(open.values()).containsOnly(0L);
    assertThat(announced)
        .containsEntry(ConversionListener.Stage.UPLOAD_PACKS, ConversionListener.UNKNOWN)
        .containsEntry(ConversionListener.Stage.READ_LAYER, summary.sourceBytes());
    assertThat(seen).containsEntry(ConversionListener.Stage.UPLOAD_PACKS, summary.packBytes());
    announced.put(ConversionListener.Stage.UPLOAD_PACKS, summary.packBytes());
    assertThat(seen).isEqualTo(announced);
  }

  private static byte[] layer(String name, String content, String other, String otherContent) {
    return new LayerTar().file(name, content).file(other, otherContent).toBytes();
  }

  private static byte[] blob(Repository repository, JsonNode descriptor) throws Exception {
    try (InputStream in =
        repository.openBlob(
            Digest.parse(descriptor.path("digest").asText()), descriptor.path("size").asLong())) {
      return in.readAllBytes();
    }
  }

  private static byte[] gunzip(byte[] bytes) throws Exception {
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    }
  }

  private static String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
