package io.imageharbour.indexer.convert;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.luben.zstd.Zstd;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.convert.TestImage.Layer;
import io.imageharbour.indexer.format.CorruptRecipeException;
import io.imageharbour.indexer.image.CorruptContentException;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.layer.LayerStream;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.recipe.NoRecipeException;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.UnexpectedBlobDigestException;
import io.imageharbour.indexer.restore.RecipeVerifier;
import io.imageharbour.indexer.restore.RestoreFailedException;
import io.imageharbour.indexer.restore.RestoreListener;
import io.imageharbour.indexer.restore.RestoreSummary;
import io.imageharbour.indexer.restore.Restorer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Restoring from and to a real registry that has forgotten the originals. */
class RestorerTest {

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

  private final byte[] lower =
      new LayerTar()
          .file("big", random(3_000_000, 1))
          .file("hidden", random(70_000, 2))
          .file("small", "s")
          .toBytes();
  private final byte[] middle = new LayerTar().file("hidden", "now").file("twice", "s").toBytes();
  private final byte[] upper =
      new LayerTar().whiteout("small").file("z", random(300_000, 3)).toBytes();

  @Test
  void theImageIdAndTheLayersAreTheOriginals() throws Exception {
    Repository repository = registry.repository("layers");
    TestImage original =
        TestImage.of(
            "amd64",
            Layer.gzip(lower),
            new Layer(
                TestImage.OCI_LAYER + "+zstd", Zstd.compress(middle, 19), Digest.sha256(middle)),
            new Layer(TestImage.OCI_LAYER, upper, Digest.sha256(upper)));
    original.push(repository, "1");
    Manifest before = repository.manifest("1");
    ConversionSummary conversion = convert("layers:1", "index/layers:h");
    forget("layers", "index/layers:h");

    RestoreSummary summary = restore("index/layers:h", "layers:back");

    JsonNode manifest = JSON.readTree(repository.manifest("back").bytes());
    JsonNode old = JSON.readTree(before.bytes());
    assertThat(manifest.path("config")).isEqualTo(old.path("config"));
    assertThat(manifest.path("annotations")).isEqualTo(old.path("annotations"));
    List<byte[]> layers = List.of(lower, middle, upper);
    for (int i = 0; i < layers.size(); i++) {
      JsonNode layer = manifest.at("/layers/" + i);
      assertThat(layer.path("mediaType")).isEqualTo(old.at("/layers/" + i + "/mediaType"));
      assertThat(archive(repository, layer)).isEqualTo(layers.get(i));
    }
    assertThat(manifest.at("/layers/2")).as("not compressed").isEqualTo(old.at("/layers/2"));
    assertThat(summary.platforms().getFirst().imageId())
        .hasToString(old.at("/config/digest").asText());
    assertThat(summary.platforms().getFirst().present()).isZero();
    assertThat(summary.isOriginalDigest()).isEqualTo(summary.digest().equals(before.digest()));
    assertThat(conversion.recipeBytes()).isPositive();
    assertThat(conversion.hiddenBytes()).isGreaterThan(70_000);
    assertThat(conversion.storedBytes()).isEqualTo(conversion.pushedBytes());
  }

  @Test
  void allPlatformsComeBackInTheirList() throws Exception {
    Repository repository = registry.repository("multi");
    TestImage.pushIndex(
        repository,
        "1",
        TestImage.of("amd64", new Layer(TestImage.OCI_LAYER, lower, Digest.sha256(lower)))
            .push(repository, ""),
        TestImage.of("arm64", new Layer(TestImage.OCI_LAYER, middle, Digest.sha256(middle)))
            .push(repository, ""));
    Digest before = repository.manifest("1").digest();
    convert("multi:1", "index/multi:h");
    forget("multi", "index/multi:h");

    RestoreSummary all = restore("index/multi:h", "multi:all");
    assertThat(all.digest()).as("nothing was compressed").isEqualTo(before);
    assertThat(all.isOriginalDigest()).isTrue();
    assertThat(repository.manifest("all").digest()).isEqualTo(before);

    RestoreSummary one = restore("index/multi:h", "multi:arm", ARM64);
    assertThat(one.platforms()).extracting(it -> it.platform()).containsExactly(ARM64);
    assertThat(JSON.readTree(repository.manifest("arm").bytes()).path("layers")).hasSize(1);
    assertThat(one.platforms().getFirst().present()).as("layers that are there").isEqualTo(1);
    assertThat(one.pushedBytes()).isZero();
  }

  @Test
  void whatTheListHadBesidesIsNamed() throws Exception {
    Repository repository = registry.repository("attested");
    String attestation = TestImage.of("amd64", Layer.gzip(middle)).push(repository, "");
    TestImage.pushIndex(
        repository,
        "1",
        TestImage.of("amd64", Layer.gzip(lower)).push(repository, ""),
        attestation.replaceFirst(
            "\"os\":\"linux\",\"architecture\":\"amd64\"",
            "\"os\":\"unknown\",\"architecture\":\"unknown\""));
    convert("attested:1", "index/attested:h");
    forget("attested", "index/attested:h");
    List<String> warnings = new ArrayList<>();
    new Restorer(registry.client())
        .restore(
            reference("index/attested:h"),
            reference("attested:back"),
            List.of(),
            new RestoreListener() {
              @Override
              public void warned(String message) {
                warnings.add(message);
              }
            });

    assertThat(JSON.readTree(repository.manifest("back").bytes()).path("manifests")).hasSize(1);
    assertThat(warnings)
        .singleElement()
        .asString()
        .contains(JSON.readTree(attestation).path("digest").asText());
  }

  @Test
  void layersOfTheIndexImagesRepositoryAreMounted() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower)).push(registry.repository("mounted"), "1");
    convert("mounted:1", "mounted:h");
    RestoreSummary summary = restore("mounted:h", "elsewhere/mounted:1");
    assertThat(summary.pushedBytes()).isZero();
    assertThat(summary.isOriginalDigest()).isTrue();
    assertThat(registry.repository("elsewhere/mounted").manifest("1").digest())
        .isEqualTo(registry.repository("mounted").manifest("1").digest());
  }

  @Test
  void anImageWithoutARecipeIsNotRestored() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower)).push(registry.repository("without"), "1");
    ConversionSummary summary =
        new Converter(registry.client(), ConversionOptions.defaults().withRecipes(false))
            .convert(reference("without:1"), reference("without:h"), ConversionListener.SILENT);
    assertThat(summary.recipeBytes()).isZero();
    assertThatThrownBy(() -> restore("without:h", "without:back"))
        .isInstanceOf(NoRecipeException.class)
        .hasMessageContaining("--no-recipes");
  }

  @Test
  void theIndexImageIsNotReplacedByItsOriginal() throws Exception {
    TestImage.of("amd64", Layer.gzip(middle)).push(registry.repository("self"), "1");
    convert("self:1", "self:h");
    assertThatThrownBy(() -> restore("self:h", "self:h"))
        .isInstanceOf(RestoreFailedException.class)
        .hasMessageContaining("self:h is the index image itself");
    assertThatThrownBy(() -> restore("self:h", "self@" + Digest.EMPTY))
        .isInstanceOf(RestoreFailedException.class)
        .hasMessageContaining("give a tag");
  }

  @Test
  void aPackThatIsMissingOrDamagedIsNamedAndNothingIsTagged() throws Exception {
    TestImage.of("amd64", Layer.gzip(upper), Layer.gzip(middle))
        .push(registry.repository("damaged"), "1");
    convert("damaged:1", "index/damaged:h");
    forget("damaged", "index/damaged:h");
    IndexImage image = IndexImage.open(registry.repository("index/damaged"), "h", AMD64);
    Pack pack = image.index().packs().getFirst();
    Path blob = registry.blob(pack.digest());
    byte[] good = Files.readAllBytes(blob);
    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 1;
    Files.write(blob, bad);
    assertThatThrownBy(() -> restore("index/damaged:h", "damaged:back"))
        .isInstanceOf(CorruptContentException.class)
        .hasMessageContaining(pack.digest().toString());
    try (ImageRecipe recipe = ImageRecipe.open(image)) {
      assertThat(new RecipeVerifier(RestoreListener.SILENT).problems(recipe))
          .singleElement()
          .asString()
          .contains(pack.digest().toString());
    }
    Files.delete(blob);
    assertThatThrownBy(() -> restore("index/damaged:h", "damaged:back"))
        .isInstanceOf(BlobNotFoundException.class);
    assertThat(registry.unfinishedUploads("damaged")).isEmpty();
    assertThat(registry.repository("damaged").tags(10)).isEmpty();
    Files.write(blob, good);
    assertThat(restore("index/damaged:h", "damaged:back").pushedBytes()).isPositive();
  }

  @Test
  void aDamagedRecipeIsRefused() throws Exception {
    TestImage.of("amd64", Layer.gzip(middle)).push(registry.repository("recipe"), "1");
    convert("recipe:1", "recipe:h");
    IndexImage image = IndexImage.open(registry.repository("recipe"), "h", AMD64);
    Path blob = registry.blob(image.recipe().orElseThrow().digest());
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length / 2] ^= 1;
    Files.write(blob, bytes);
    assertThatThrownBy(() -> restore("recipe:h", "recipe:back"))
        .isInstanceOfAny(UnexpectedBlobDigestException.class, CorruptRecipeException.class);
  }

  @Test
  void everyLayerThatCanBeMadeIsFoundSound() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower), Layer.gzip(middle), Layer.gzip(upper))
        .push(registry.repository("sound"), "1");
    convert("sound:1", "sound:h");
    IndexImage image = IndexImage.open(registry.repository("sound"), "h", AMD64);
    try (ImageRecipe recipe = ImageRecipe.open(image)) {
      assertThat(new RecipeVerifier(RestoreListener.SILENT).problems(recipe)).isEmpty();
      ImageIndex two = LowerLayers.index(recipe, 2);
      assertThat(TreeListing.of(two)).containsOnlyKeys("big", "hidden", "small", "twice");
    }
  }

  @Test
  void aConfigWithAnotherDiffIdIsFoundByMakingTheLayer() throws Exception {
    TestImage.of("amd64", new Layer(TestImage.OCI_LAYER, lower, Digest.sha256(upper)))
        .push(registry.repository("wrong"), "1");
    convert("wrong:1", "index/wrong:h");
    forget("wrong", "index/wrong:h");
    assertThatThrownBy(() -> restore("index/wrong:h", "wrong:back"))
        .isInstanceOf(RestoreFailedException.class)
        .hasMessageContaining("it became " + Digest.sha256(lower));
  }

  @Test
  void convertingAgainFindsWhatNoFileShows() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower), Layer.gzip(middle))
        .push(registry.repository("again"), "1");
    ConversionSummary first = convert("again:1", "again:h");
    ConversionSummary second = convert("again:1", "again:h");
    assertThat(first.hiddenBytes()).isPositive();
    assertThat(second.hiddenBytes()).isZero();
    assertThat(second.digest()).isEqualTo(first.digest());
    TestImage.of("amd64", Layer.gzip(lower), Layer.gzip(middle), Layer.gzip(upper))
        .push(registry.repository("again"), "2");
    // hides "small" as well, which is in a pack that containers read from
    assertThat(convert("again:2", "again:2-h").hiddenBytes()).isZero();
  }

  @Test
  void garbageCollectionKeepsWhatRestoringNeeds() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower), Layer.gzip(middle))
        .push(registry.repository("collected"), "1");
    convert("collected:1", "index/collected:h");
    forget("collected", "index/collected:h");
    assertThat(registry.collectGarbage()).isZero();
    restore("index/collected:h", "collected:back");
    JsonNode manifest = JSON.readTree(registry.repository("collected").manifest("back").bytes());
    assertThat(archive(registry.repository("collected"), manifest.at("/layers/0")))
        .isEqualTo(lower);
  }

  /** The original goes; what was mounted for the index image stays. */
  private static void forget(String repository, String index) throws Exception {
    registry.forget(repository);
    assertThat(IndexImage.platforms(registry.repository(reference(index).repository().path()), "h"))
        .isNotEmpty();
  }

  private static byte[] archive(Repository repository, JsonNode layer) throws Exception {
    try (InputStream blob =
        repository.openBlob(
            Digest.parse(layer.path("digest").asText()), layer.path("size").asLong())) {
      byte[] bytes = blob.readAllBytes();
      try (LayerStream archive =
          LayerStream.open(new ByteArrayInputStream(bytes), Long.MAX_VALUE)) {
        return archive.readAllBytes();
      }
    }
  }

  private static ConversionSummary convert(String source, String target) throws Exception {
    return new Converter(registry.client(), ConversionOptions.defaults())
        .convert(reference(source), reference(target), ConversionListener.SILENT);
  }

  private static RestoreSummary restore(String source, String target, Platform... platforms)
      throws Exception {
    return new Restorer(registry.client())
        .restore(reference(source), reference(target), List.of(platforms), RestoreListener.SILENT);
  }

  private static ImageReference reference(String name) throws HarbourException {
    return ImageReference.parse(registry.host() + "/" + name);
  }

  private static String random(int size, int seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return new String(bytes, ISO_8859_1);
  }
}
