package io.imageharbour.indexer.convert;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.format.NotAnIndexException;
import io.imageharbour.indexer.image.AttachedIndex;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.image.NotAnIndexImageException;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Indexes beside images, right ones and such as somebody else may have put there. */
class AttachedIndexTest {

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

  @Test
  void theIndexBesideAnImageIsTheOneThatConvertingItMakes() throws Exception {
    Repository repository = push("beside");
    ConvertedPlatform attached = attach("beside").platforms().getFirst();
    new Converter(registry.client(), ConversionOptions.defaults())
        .convert(reference("beside:1"), reference("beside:h"), ConversionListener.SILENT);

    AttachedIndex found = AttachedIndex.find(repository, attached.source()).orElseThrow();
    ImageIndex index = found.read();
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    found.copyIndex(file);

    assertThat(found.manifest().digest()).isEqualTo(attached.indexImage());
    assertThat(index).isEqualTo(IndexImage.open(repository, "h", AMD64).index());
    assertThat(IndexImage.open(repository, "1", AMD64).index()).isEqualTo(index);
    assertThat(IndexImage.openAll(repository, "1")).hasSize(1);
    assertThat(file.size()).isPositive();
  }

  @Test
  void anotherImageOfTheRepositoryRefersToItsPacks() throws Exception {
    push("shared");
    attach("shared");
    TestImage.of(new LayerTar().file("a", "1".repeat(5000)).file("more", "of it"))
        .push(registry.repository("shared"), "2");

    ConversionSummary second =
        new Converter(registry.client(), ConversionOptions.defaults())
            .attach(reference("shared:2"), ConversionListener.SILENT);

    assertThat(second.referencedFiles()).isEqualTo(1);
    assertThat(second.files()).isEqualTo(2);
  }

  @Test
  void anImageWithoutAnIndexIsSaidToHaveNone() throws Exception {
    Repository repository = push("none");
    assertThat(AttachedIndex.find(repository, repository.manifest("1").digest())).isEmpty();
    assertThatThrownBy(() -> IndexImage.open(repository, "1", AMD64))
        .isInstanceOf(NotAnIndexImageException.class)
        .hasMessageContaining("has no index beside it");
  }

  @Test
  void anImageThatWasBuiltOnAnIndexImageIsRefused() throws Exception {
    Repository repository = push("built");
    new Converter(registry.client(), ConversionOptions.defaults())
        .convert(reference("built:1"), reference("built:h"), ConversionListener.SILENT);
    ImageIndex index = IndexImage.open(repository, "h", AMD64).index();
    byte[] layer = IndexLayer.of(index).gzip();
    TestImage.of(
            "amd64",
            new TestImage.Layer(MediaTypes.OCI_LAYER_GZIP, layer, IndexLayer.of(index).diffId()),
            TestImage.Layer.gzip(new LayerTar().file("b", "2").toBytes()))
        .push(repository, "2");
    assertThatThrownBy(
            () ->
                new Converter(registry.client(), ConversionOptions.defaults())
                    .attach(reference("built:2"), ConversionListener.SILENT))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("without --attach");
  }

  @Test
  void whatDoesNotBelongToTheImageOrLacksAPartIsNotTaken() throws Exception {
    Repository repository = push("lies");
    Digest image = repository.manifest("1").digest();
    Manifest honest = referrer(repository, attach("lies"));

    notTaken(
        repository,
        image,
        honest,
        json -> json.withObject("/subject").put("digest", Digest.sha256(new byte[1]).toString()));
    notTaken(repository, image, honest, json -> json.remove("subject"));
    notTaken(repository, image, honest, json -> json.put("artifactType", "application/other"));
    notTaken(repository, image, honest, json -> layers(json).remove(0));
    notTaken(repository, image, honest, json -> layers(json).removeAll());
    notTaken(
        repository,
        image,
        honest,
        json -> ((ObjectNode) layers(json).get(0)).put("size", 1L << 40));
  }

  @Test
  void anIndexThatInflatesWithoutEndIsGivenUp() throws Exception {
    Repository repository = push("bomb");
    Digest image = repository.manifest("1").digest();
    Manifest honest = referrer(repository, attach("bomb"));
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (ZstdOutputStream zstd = new ZstdOutputStream(bomb)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 300; i++) {
        zstd.write(zeros);
      }
    }
    put(repository, image, honest, replacing(repository, bomb.toByteArray()));
    AttachedIndex found = AttachedIndex.find(repository, image).orElseThrow();

    assertThatThrownBy(found::read).isInstanceOf(NotAnIndexException.class);
    assertThatThrownBy(() -> found.copyIndex(OutputStream.nullOutputStream()))
        .isInstanceOf(NotAnIndexImageException.class)
        .hasMessageContaining("inflates to more than");
  }

  @Test
  void anIndexThatIsNoneIsRefused() throws Exception {
    Repository repository = push("none-inside");
    Digest image = repository.manifest("1").digest();
    Manifest honest = referrer(repository, attach("none-inside"));
    put(
        repository,
        image,
        honest,
        replacing(repository, Zstd.compress("no index".getBytes(UTF_8))));
    AttachedIndex found = AttachedIndex.find(repository, image).orElseThrow();
    assertThatThrownBy(found::read).isInstanceOf(HarbourException.class);

    put(repository, image, honest, replacing(repository, "not even zstd".getBytes(UTF_8)));
    AttachedIndex other = AttachedIndex.find(repository, image).orElseThrow();
    assertThatThrownBy(other::read).isInstanceOf(IOException.class);
  }

  @Test
  void ofSeveralTheNewestThatIsOneIsTakenAndTheNextOnesFollow() throws Exception {
    Repository repository = push("several");
    Digest image = repository.manifest("1").digest();
    Manifest honest = referrer(repository, attach("several"));
    List<ObjectNode> entries = new ArrayList<>();
    for (String created :
        List.of(
            "",
            "2020-01-01T00:00:00Z",
            "soon",
            "2030-01-01T02:00:00+02:00",
            "2029-06-01T00:00:00Z")) {
      entries.add(dated(repository, honest, created, json -> {}));
    }
    entries.add(dated(repository, honest, "2031-01-01T00:00:00Z", json -> json.remove("subject")));
    entries.add(
        dated(
            repository,
            honest,
            "2032-01-01T00:00:00Z",
            json -> ((ObjectNode) layers(json).get(1)).put("size", -1)));
    ObjectNode list = JSON.createObjectNode().put("schemaVersion", 2);
    list.put("mediaType", MediaTypes.OCI_INDEX).putArray("manifests").addAll(entries);
    List<String> newest =
        Stream.of(3, 4, 1).map(entry -> entries.get(entry).path("digest").asText()).toList();

    repository.putManifest(
        "sha256-" + image.hex(), MediaTypes.OCI_INDEX, JSON.writeValueAsBytes(list));

    assertThat(AttachedIndex.findAll(repository, image))
        .extracting(found -> found.manifest().digest().toString())
        .isEqualTo(newest);
    assertThat(AttachedIndex.find(repository, image))
        .map(found -> found.manifest().digest().toString())
        .contains(newest.getFirst());
  }

  @Test
  void anIndexSaysWhenItWasMadeAndOneThatIsTheSameIsNotPushedAgain() throws Exception {
    Repository repository = push("again");
    Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    ConversionSummary first = attach("again");
    JsonNode manifest = JSON.readTree(referrer(repository, first).bytes());

    assertThat(Instant.parse(manifest.path("annotations").path(MediaTypes.CREATED).asText()))
        .isBetween(before, Instant.now());
    assertThat(attach("again").platforms()).isEqualTo(first.platforms());
  }

  /** Pushes a changed manifest, and answers what a list says of it. */
  private static ObjectNode dated(
      Repository repository, Manifest honest, String created, Consumer<ObjectNode> change)
      throws Exception {
    ObjectNode json = (ObjectNode) JSON.readTree(honest.bytes());
    json.withObject("/annotations").put(MediaTypes.CREATED, created);
    change.accept(json);
    byte[] bytes = JSON.writeValueAsBytes(json);
    Digest digest = Digest.sha256(bytes);
    repository.putManifest(digest.toString(), MediaTypes.OCI_MANIFEST, bytes);
    ObjectNode entry = JSON.createObjectNode().put("mediaType", MediaTypes.OCI_MANIFEST);
    entry.put("digest", digest.toString()).put("size", bytes.length);
    entry.put("artifactType", MediaTypes.ATTACHED_INDEX);
    entry.putObject("annotations").put(MediaTypes.CREATED, created);
    return entry;
  }

  private static Repository push(String name) throws Exception {
    Repository repository = registry.repository(name);
    TestImage.of(
            new LayerTar().file("a", "1".repeat(5000)).file("hidden", "h".repeat(100)),
            new LayerTar().whiteout("hidden").file("b", "2"))
        .push(repository, "1");
    return repository;
  }

  private static ConversionSummary attach(String name) throws Exception {
    return new Converter(registry.client(), ConversionOptions.defaults())
        .attach(reference(name + ":1"), ConversionListener.SILENT);
  }

  private static ImageReference reference(String name) throws Exception {
    return ImageReference.parse(registry.host() + "/" + name);
  }

  private static Manifest referrer(Repository repository, ConversionSummary attached)
      throws Exception {
    return repository.manifest(attached.platforms().getFirst().indexImage().toString());
  }

  private static Consumer<ObjectNode> replacing(Repository repository, byte[] blob)
      throws Exception {
    repository.uploadBlob(blob);
    return json ->
        ((ObjectNode) layers(json).get(0))
            .put("digest", Digest.sha256(blob).toString())
            .put("size", blob.length);
  }

  private static ArrayNode layers(ObjectNode manifest) {
    return (ArrayNode) manifest.get("layers");
  }

  private static void notTaken(
      Repository repository, Digest image, Manifest honest, Consumer<ObjectNode> change)
      throws Exception {
    put(repository, image, honest, change);
    assertThat(AttachedIndex.find(repository, image)).isEmpty();
    put(repository, image, honest, json -> {});
    assertThat(AttachedIndex.find(repository, image)).isPresent();
  }

  /** Puts a changed manifest in the place of the honest one. */
  private static void put(
      Repository repository, Digest image, Manifest honest, Consumer<ObjectNode> change)
      throws Exception {
    ObjectNode json = (ObjectNode) JSON.readTree(honest.bytes());
    change.accept(json);
    repository.putReferrer(
        image, MediaTypes.ATTACHED_INDEX, MediaTypes.OCI_MANIFEST, JSON.writeValueAsBytes(json));
  }
}
