package io.imageharbour.indexer.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.indexer.registry.RepositoryName;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReaderTest {

  private static final String DIGEST = Digest.EMPTY.toString();
  private static final String DESCRIPTOR =
      "{\"mediaType\":\"x\",\"digest\":\"" + DIGEST + "\",\"size\":0}";

  @Test
  void aManifestIsRead() throws Exception {
    ImageManifest manifest =
        (ImageManifest)
            parse(
                """
                {"schemaVersion":2,"config":%1$s,"layers":[%1$s,%1$s],
                 "annotations":{"b":"1","a":"2"}}"""
                    .formatted(DESCRIPTOR));
    assertThat(manifest.layers()).hasSize(2);
    assertThat(manifest.config().digest()).isEqualTo(Digest.EMPTY);
    assertThat(manifest.annotations()).containsExactly(Map.entry("b", "1"), Map.entry("a", "2"));
    assertThat(manifest.isHarbours()).isFalse();
  }

  @Test
  void aListIsRead() throws Exception {
    ImageList list =
        (ImageList)
            parse(
                """
                {"manifests":[
                  {"digest":"%1$s","size":1,"platform":{"os":"linux","architecture":"arm","variant":"v7"}},
                  {"digest":"%1$s","size":1,"platform":{"os":"unknown","architecture":"unknown"}},
                  {"digest":"%1$s","size":1}],
                 "annotations":{"io.imageharbour.index.version":"1"}}"""
                    .formatted(DIGEST));
    assertThat(list.isHarbours()).isTrue();
    assertThat(list.manifests().get(0).platform()).contains(Platform.parse("linux/arm/v7"));
    assertThat(list.manifests().get(1).isForUnknownPlatform()).isTrue();
    assertThat(list.manifests().get(1).platform()).isEmpty();
    assertThat(list.manifests().get(2).isForUnknownPlatform()).isFalse();
    assertThat(list.manifests().get(2).platform()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "{} {}",
        "{\"layers\":[],\"manifests\":[],\"config\":D}",
        "{\"layers\":[],\"layers\":[],\"config\":D}",
        "{\"layers\":{},\"config\":D}",
        "{\"layers\":[]}",
        "{\"layers\":[1],\"config\":D}",
        "{\"layers\":[{\"digest\":\"sha256:00\",\"size\":1}],\"config\":D}",
        "{\"layers\":[{\"digest\":\"sha512:00\",\"size\":1}],\"config\":D}",
        "{\"layers\":[{\"size\":1}],\"config\":D}",
        "{\"layers\":[],\"config\":{\"digest\":\"sha256:00\",\"size\":-1}}",
        "{\"layers\":[],\"config\":D,\"annotations\":{\"a\":1}}",
        "{\"manifests\":[{\"digest\":\"E\",\"size\":1,\"platform\":{\"os\":\"a b\",\"architecture\":\"x\"}}]}",
        "{\"schemaVersion\":1,\"fsLayers\":[]}",
      })
  void whatIsMalformedOrAmbiguousIsRefused(String json) {
    assertThatThrownBy(
            () -> parse(json.replace(":D", ":" + DESCRIPTOR).replace("\"E\"", '"' + DIGEST + '"')))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("registry.example/repository")
        .hasMessageNotContaining("null");
  }

  private static ImageDocument parse(String json) throws Exception {
    byte[] bytes = json.getBytes(UTF_8);
    try (RegistryClient client = new RegistryClient(RegistrySettings.defaults())) {
      return new ImageReader(client.repository(RepositoryName.parse("registry.example/repository")))
          .parse(new Manifest(Digest.sha256(bytes), "application/json", bytes));
    }
  }
}
