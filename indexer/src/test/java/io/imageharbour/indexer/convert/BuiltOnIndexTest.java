package io.imageharbour.indexer.convert;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.TestImage.Layer;
import io.imageharbour.indexer.format.CorruptIndexException;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.restore.RecipeVerifier;
import io.imageharbour.indexer.restore.RestoreListener;
import io.imageharbour.indexer.restore.Restorer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Images that clients made by putting layers on an index layer, as commit and build do. */
class BuiltOnIndexTest {

  private static final Platform AMD64 = Platform.parse("linux/amd64");
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
          .directory("d", 0755)
          .file("d/kept", random(200_000, 1))
          .file("d/replaced", "old")
          .file("copied", random(1_500_000, 2))
          .hardLink("linked", "copied")
          .file("gone", "gone")
          .symlink("link", "d/kept")
          .fifo("fifo")
          .device("null", 1, 3)
          .directory("opaque", 0700)
          .file("opaque/hidden", "h")
          .toBytes();

  private final byte[] upper =
      new LayerTar()
          .file("d/replaced", "new")
          .file("copied", random(1_500_000, 2), entry -> entry.setMode(0100755))
          .whiteout("gone")
          .directory("opaque", 0711)
          .opaque("opaque")
          .file("d/implied/file", "i")
          .toBytes();

  @Test
  void showTheTreeOfTheIndexBelowTheirLayersAndPushOnlyWhatIsNew() throws Exception {
    Repository repository = registry.repository("tree");
    TestImage.of("amd64", Layer.gzip(lower)).push(repository, "base");
    TestImage.of("amd64", Layer.gzip(lower), Layer.gzip(upper)).push(repository, "both");
    convert("tree:base", "tree:base-h");
    built("tree", "base-h", Layer.gzip(upper)).push(repository, "built");

    ConversionSummary summary = convert("tree:built", "tree:built-h");
    convert("tree:both", "elsewhere:both-h");

    SortedMap<String, String> tree = tree("tree", "built-h");
    assertThat(tree).isEqualTo(tree("elsewhere", "both-h"));
    assertThat(tree).containsKeys("d/replaced", "linked", "null").doesNotContainKeys("gone");
    assertThat(summary.packBytes()).as("two small files").isLessThan(200);
    assertThat(Verifications.problems(repository, "built-h", AMD64)).isEmpty();
    assertThat(convert("tree:built", "tree:built-h").digest()).isEqualTo(summary.digest());
  }

  @Test
  void comeBackWithTheirIndexLayer() throws Exception {
    Repository repository = registry.repository("back");
    TestImage.of("amd64", Layer.gzip(lower)).push(repository, "base");
    convert("back:base", "back:base-h");
    TestImage built = built("back", "base-h", Layer.gzip(upper));
    built.push(registry.repository("forgotten"), "1");
    convert("forgotten:1", "back:built-h");
    ImageIndex base = IndexImage.open(repository, "base-h", AMD64).index();
    registry.forget("forgotten");

    new Restorer(registry.client())
        .restore(
            reference("back:built-h"),
            reference("forgotten:back"),
            List.of(),
            RestoreListener.SILENT);
    JsonNode manifest = JSON.readTree(registry.repository("forgotten").manifest("back").bytes());
    for (int i = 0; i < 2; i++) {
      byte[] blob = blob(registry.repository("forgotten"), manifest.at("/layers/" + i));
      try (InputStream archive = new GZIPInputStream(new ByteArrayInputStream(blob))) {
        assertThat(Digest.sha256(archive.readAllBytes())).isEqualTo(built.layers().get(i).diffId());
      }
    }
    try (ImageRecipe recipe = ImageRecipe.open(IndexImage.open(repository, "built-h", AMD64))) {
      assertThat(new RecipeVerifier(RestoreListener.SILENT).problems(recipe)).isEmpty();
      assertThat(TreeListing.of(LowerLayers.index(recipe, 1))).isEqualTo(TreeListing.of(base));
      assertThat(LowerLayers.index(recipe, 2).inodes()).isEqualTo(recipe.image().index().inodes());
    }
  }

  @Test
  void findThePacksWhereTheIndexSaysThatTheyAre() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower)).push(registry.repository("origin"), "base");
    convert("origin:base", "origin:base-h");
    built("origin", "base-h", Layer.gzip(upper)).push(registry.repository("app"), "1");
    convert("app:1", "target/app:h");
    registry.forget("origin");
    registry.forget("app");
    assertThat(registry.collectGarbage()).isZero();
    assertThat(Verifications.problems(registry.repository("target/app"), "h", AMD64)).isEmpty();
  }

  @Test
  void haveTheirPacksCopiedToAnotherRegistry() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower)).push(registry.repository("copied"), "base");
    convert("copied:base", "copied:base-h");
    built("copied", "base-h", Layer.gzip(upper)).push(registry.repository("copied"), "built");
    try (DockerRegistry other = DockerRegistry.start()) {
      new Converter(registry.client(), ConversionOptions.defaults())
          .convert(
              reference("copied:built"),
              ImageReference.parse(other.host() + "/copied:h"),
              ConversionListener.SILENT);
      assertThat(Verifications.problems(other.repository("copied"), "h", AMD64)).isEmpty();
    }
  }

  @Test
  void areRefusedWhereAPackIsNowhere() throws Exception {
    TestImage.of("amd64", Layer.gzip(lower)).push(registry.repository("lost"), "base");
    convert("lost:base", "lost:base-h");
    TestImage built = built("lost", "base-h", Layer.gzip(upper));
    registry.forget("lost");
    built.push(registry.repository("finder"), "1");
    assertThatThrownBy(() -> convert("finder:1", "finder:h"))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("is not in " + registry.host() + "/finder, ")
        .hasMessageContaining("/lost")
        .hasMessageContaining("skopeo copy --all");
  }

  @Test
  void areRecognisedByTheirLayerWhateverTheManifestSays() throws Exception {
    Repository repository = registry.repository("annotated");
    TestImage.of("amd64", Layer.gzip(lower)).push(repository, "base");
    convert("annotated:base", "annotated:base-h");
    built("annotated", "base-h", Layer.gzip(upper)).push(repository, "built");
    String kept =
        new String(repository.manifest("built").bytes(), UTF_8)
            .replace(
                "\"org.opencontainers.image.title\":\"test\"",
                "\"io.imageharbour.index.version\":\"1\",\"io.imageharbour.recipe.digest\":\"x\"");
    repository.putManifest("kept", TestImage.OCI_MANIFEST, kept.getBytes(UTF_8));

    convert("annotated:kept", "annotated:kept-h");
    assertThat(tree("annotated", "kept-h")).containsKey("d/implied/file");
    assertThatThrownBy(() -> convert("annotated:base-h", "annotated:again"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("is an index image already");
  }

  @Test
  void areRefusedIfTheBottomLayerHoldsMoreThanAnIndexOrADamagedOne() throws Exception {
    Repository repository = registry.repository("hostile");
    byte[] damaged =
        new LayerTar()
            .directory(".harbour", 0755)
            .file(".harbour/index", "\u0089HARBOUR")
            .toBytes();
    TestImage.of("amd64", Layer.gzip(damaged), Layer.gzip(upper)).push(repository, "damaged");
    assertThatThrownBy(() -> convert("hostile:damaged", "hostile:h"))
        .isInstanceOf(CorruptIndexException.class);

    TestImage.of("amd64", Layer.gzip(lower)).push(repository, "base");
    convert("hostile:base", "hostile:base-h");
    String index = index(repository, "base-h");
    byte[] more = new LayerTar().file(".harbour/index", index).file("more", "m").toBytes();
    TestImage.of("amd64", Layer.gzip(more), Layer.gzip(upper)).push(repository, "more");
    assertThatThrownBy(() -> convert("hostile:more", "hostile:h"))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("an index and other files");
  }

  @Test
  void areOrdinaryIfTheDirectoryHoldsNoIndex() throws Exception {
    byte[] layer = new LayerTar().directory(".harbour", 0755).file("a", "a").toBytes();
    TestImage.of("amd64", Layer.gzip(layer)).push(registry.repository("ordinary"), "1");
    convert("ordinary:1", "ordinary:h");
    assertThat(tree("ordinary", "h")).containsOnlyKeys(".harbour", "a");
  }

  /** The image that a client makes of an index image and further layers. */
  private static TestImage built(String repository, String tag, Layer... above) throws Exception {
    Repository from = registry.repository(repository);
    JsonNode manifest = JSON.readTree(IndexImage.open(from, tag, AMD64).manifest().bytes());
    byte[] blob = blob(from, manifest.at("/layers/0"));
    byte[] tar;
    try (InputStream archive = new GZIPInputStream(new ByteArrayInputStream(blob))) {
      tar = archive.readAllBytes();
    }
    Layer[] layers = new Layer[above.length + 1];
    layers[0] = new Layer(manifest.at("/layers/0/mediaType").asText(), blob, Digest.sha256(tar));
    System.arraycopy(above, 0, layers, 1, above.length);
    return TestImage.of("amd64", layers);
  }

  private static String index(Repository repository, String tag) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    IndexFormat.write(IndexImage.open(repository, tag, AMD64).index(), bytes);
    return bytes.toString(ISO_8859_1);
  }

  private static SortedMap<String, String> tree(String repository, String tag) throws Exception {
    return TreeListing.of(IndexImage.open(registry.repository(repository), tag, AMD64).index());
  }

  private static byte[] blob(Repository repository, JsonNode descriptor) throws Exception {
    try (InputStream blob =
        repository.openBlob(
            Digest.parse(descriptor.path("digest").asText()), descriptor.path("size").asLong())) {
      return blob.readAllBytes();
    }
  }

  private static ConversionSummary convert(String source, String target) throws Exception {
    return new Converter(registry.client(), ConversionOptions.defaults())
        .convert(reference(source), reference(target), ConversionListener.SILENT);
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
