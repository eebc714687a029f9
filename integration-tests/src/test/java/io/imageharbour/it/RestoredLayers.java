package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.RegistryStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Layers in a registry, inflated by the usual programs. */
final class RestoredLayers {

  private static final String INFLATE =
      """
      case $(head -c 4 "$1" | od -An -tx1 | tr -d ' ') in
        1f8b*) gzip -dc "$1";;
        28b52ffd) zstd -dc "$1";;
        *) cat "$1";;
      esac | sha256sum
      """;

  private RestoredLayers() {}

  /**
   * Every layer is there with the bytes that it should have, uncompressed.
   *
   * @param manifest of an image of one platform
   * @param expected from the lowest to the highest
   */
  static void assertSame(RegistryServer registry, JsonNode manifest, List<OciLayout.Layer> expected)
      throws IOException, InterruptedException {
    JsonNode layers = manifest.path("layers");
    assertThat(layers.findValuesAsText("mediaType"))
        .isEqualTo(expected.stream().map(OciLayout.Layer::mediaType).toList());
    RegistryStorage storage = new RegistryStorage(registry.storage());
    for (int i = 0; i < expected.size(); i++) {
      Digest digest = Digest.parse(layers.path(i).path("digest").asText());
      assertThat(uncompressed(storage.blob(digest)))
          .as("layer %d of %d", i + 1, expected.size())
          .isEqualTo(expected.get(i).uncompressed());
    }
  }

  private static Digest uncompressed(Path blob) throws IOException, InterruptedException {
    String sum = Command.of("sh", "-euc", INFLATE, "inflate", blob).run().text();
    return Digest.parse("sha256:" + sum.substring(0, 64));
  }
}
