package io.imageharbour.indexer.convert;

import static io.imageharbour.indexer.convert.ManifestJson.bytes;
import static io.imageharbour.indexer.convert.ManifestJson.descriptor;
import static io.imageharbour.indexer.convert.ManifestJson.manifest;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.convert.ManifestJson.PushedRecipe;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Pushes what a conversion made:
 *
 * <pre>
 * tag ──► OCI index ──┬─► index image (linux/amd64): the source's config, one layer
 *                     └─► packs (unknown/unknown):   as layers every pack that the index refers to,
 *                                                    those that the recipe does, and the recipe
 * </pre>
 *
 * The packs hang on the tag so that a registry's garbage collector keeps them and tools that copy
 * images take them along. All documents are deterministic. For one thread.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/manifest.md">OCI image
 *     manifest specification, guidelines for artifact usage</a>
 */
final class IndexImagePusher implements IndexPusher {

  private final Repository target;
  private final String tag;
  private final ConversionListener listener;
  private final ObjectNode list = ManifestJson.object();
  private final ArrayNode manifests;
  private long layerBytes;

  IndexImagePusher(Repository target, String tag, ConversionListener listener) {
    this.target = target;
    this.tag = tag;
    this.listener = listener;
    list.put("schemaVersion", 2);
    list.put("mediaType", MediaTypes.OCI_INDEX);
    manifests = list.putArray("manifests");
    list.putObject("annotations")
        .put(MediaTypes.INDEX_VERSION, Integer.toString(IndexFormat.VERSION));
  }

  @Override
  public ConvertedPlatform push(SourceImage source, ImageIndex index, Optional<PushedRecipe> recipe)
      throws IOException, InterruptedException {
    listener.started(Stage.PUSH_INDEX, source.platform().toString(), 5);
    IndexLayer layer = IndexLayer.of(index);
    byte[] config = IndexImageConfig.of(source, layer.diffId());
    pushBlob(config);
    pushBlob(layer.gzip());
    layerBytes += layer.gzip().length;
    byte[] image = bytes(imageManifest(source, config, layer, recipe));
    pushManifest(image);
    pushBlob(ManifestJson.EMPTY);
    byte[] packs = bytes(packManifest(index.packs(), recipe));
    pushManifest(packs);
    listener.finished(Stage.PUSH_INDEX);
    addToList(source, image, packs);
    return new ConvertedPlatform(
        source.platform(), source.digest(), Digest.sha256(image), Digest.sha256(packs));
  }

  /** Makes all that was pushed visible under the tag. */
  @Override
  public Digest finish() throws IOException, InterruptedException {
    byte[] bytes = bytes(list);
    target.putManifest(tag, MediaTypes.OCI_INDEX, bytes);
    return Digest.sha256(bytes);
  }

  @Override
  public long indexBytes() {
    return layerBytes;
  }

  private static ObjectNode imageManifest(
      SourceImage source, byte[] config, IndexLayer layer, Optional<PushedRecipe> recipe) {
    ObjectNode manifest = manifest();
    manifest.set("config", descriptor(MediaTypes.OCI_CONFIG, config));
    ObjectNode indexLayer = descriptor(MediaTypes.OCI_LAYER_GZIP, layer.gzip());
    indexLayer
        .putObject("annotations")
        .put(MediaTypes.INDEX_LAYER, Integer.toString(IndexFormat.VERSION));
    manifest.putArray("layers").add(indexLayer);
    ObjectNode annotations = manifest.putObject("annotations");
    for (Map.Entry<String, String> annotation : source.manifest().annotations().entrySet()) {
      if (!annotation.getKey().startsWith(MediaTypes.OWN_ANNOTATIONS)) {
        annotations.put(annotation.getKey(), annotation.getValue());
      }
    }
    annotations.put(MediaTypes.INDEX_VERSION, Integer.toString(IndexFormat.VERSION));
    annotations.put(MediaTypes.SOURCE_DIGEST, source.digest().toString());
    recipe.ifPresent(
        pushed ->
            annotations
                .put(MediaTypes.RECIPE_DIGEST, pushed.digest().toString())
                .put(MediaTypes.RECIPE_SIZE, Long.toString(pushed.size())));
    return manifest;
  }

  private static ObjectNode packManifest(List<Pack> packs, Optional<PushedRecipe> recipe) {
    ObjectNode manifest = ManifestJson.artifact(MediaTypes.PACKS);
    ArrayNode layers = manifest.putArray("layers");
    ManifestJson.addPacks(layers, packs, recipe);
    if (layers.isEmpty()) {
      layers.add(descriptor(MediaTypes.OCI_EMPTY, ManifestJson.EMPTY)); // an artifact has a layer
    }
    return manifest;
  }

  private void addToList(SourceImage source, byte[] image, byte[] packs) {
    ObjectNode entry = descriptor(MediaTypes.OCI_MANIFEST, image);
    ObjectNode platform = entry.putObject("platform");
    platform.put("architecture", source.platform().architecture());
    platform.put("os", source.platform().os());
    if (!source.platform().variant().isEmpty()) {
      platform.put("variant", source.platform().variant());
    }
    manifests.add(entry);
    ObjectNode packEntry = descriptor(MediaTypes.OCI_MANIFEST, packs);
    packEntry.put("artifactType", MediaTypes.PACKS);
    packEntry.putObject("platform").put("architecture", "unknown").put("os", "unknown");
    manifests.add(packEntry);
  }

  private void pushBlob(byte[] blob) throws IOException, InterruptedException {
    target.uploadBlob(blob);
    listener.advanced(Stage.PUSH_INDEX, 1);
  }

  private void pushManifest(byte[] manifest) throws IOException, InterruptedException {
    target.putManifest(Digest.sha256(manifest).toString(), MediaTypes.OCI_MANIFEST, manifest);
    listener.advanced(Stage.PUSH_INDEX, 1);
  }
}
