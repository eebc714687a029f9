package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every image of the testbed: what its recipe costs, and that its layers come back out of it; of
 * those that are alike {@link RestoreIT} restores one.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RecipesIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a recipe of hardly any layer takes, in bytes: the manifest, the config. */
  private static final long DOCUMENTS = 1500;

  private SharedTestbed testbed;

  /** Has index images, and no layer of an original that could be taken as it is. */
  private RegistryServer registry;

  /** Images, and how many per cent a recipe of each may take, with packs of hidden contents. */
  private enum Image {
    /** Ordinary ones. */
    DEBIAN(TestImages::debian, 0.2),
    PYTHON(TestImages::python, 0.5),
    REDIS(TestImages::redis, 0.3),
    NGINX(TestImages::nginx, 1),
    /** A hundred thousand files of nine or ten bytes: the layer has 23 bytes for each. */
    WIDE(TestImages::wide, 1),
    /** A hundred thousand files that are all different: the layer has 47 bytes for each. */
    MANY_FILES(TestImages::manyFiles, 1),
    DIALECTS(TestImages::dialects, 2),
    ODD(TestImages::odd, 2),
    HUGE_FILE(TestImages::hugeFile, 2),
    ATTRIBUTES(TestImages::attributes, 2),
    DEEP(TestImages::deep, 2),
    /** Of 128 layers of 320 bytes: the manifest and the config alone have 64 for each. */
    MANY_LAYERS(TestImages::manyLayers, 40);

    private final Layout layout;
    private final double percent;

    Image(Layout layout, double percent) {
      this.layout = layout;
      this.percent = percent;
    }
  }

  @FunctionalInterface
  private interface Layout {
    OciLayout of(TestImages images) throws IOException, InterruptedException;
  }

  @BeforeAll
  void start(SharedTestbed shared) throws Exception {
    testbed = shared;
    registry = RegistryServer.start(testbed.workspace(), "rc", Network.loopback());
  }

  @AfterAll
  void stop() throws Exception {
    registry.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"DEBIAN", "PYTHON", "REDIS", "NGINX"})
  void theRecipeOfAnOrdinaryImageCostsLittle(Image image) throws Exception {
    assertCostsLittle(image, testbed.converted(name(image), layout(image)).summary());
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"DEBIAN", "PYTHON", "REDIS", "NGINX"})
  void anOddImageComesBackByteForByteFromARecipeThatCostsLittle(Image image) throws Exception {
    String converted = registry.reference(name(image) + ":h");
    String original = testbed.registry().add(layout(image), name(image), "recipes");
    assertCostsLittle(image, testbed.tree().convert(original, converted));

    String restored = registry.reference(name(image) + ":restored");
    testbed.tree().harbourctl("restore", "--plain-http", converted, restored).run();
    JsonNode manifest =
        JSON.readTree(
            Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + restored)
                .run()
                .bytes());
    RestoredLayers.assertSame(registry, manifest, layout(image).layers());
  }

  private OciLayout layout(Image image) throws IOException, InterruptedException {
    return image.layout.of(testbed.images());
  }

  private static String name(Image image) {
    return image.name().toLowerCase(Locale.ROOT);
  }

  private static void assertCostsLittle(Image image, JsonNode summary) {
    long recipe = summary.path("recipeBytes").asLong() + summary.path("hiddenPackBytes").asLong();
    assertThat(recipe)
        .isPositive()
        .isLessThan(
            Math.max(
                DOCUMENTS, (long) (summary.path("sourceBytes").asLong() * image.percent / 100)));
  }
}
