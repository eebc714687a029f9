package io.imageharbour.indexer.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
final class IndexImagePusher {

  private static final byte[] EMPTY_JSON = "{}".getBytes(StandardCharsets.UTF_8);
  private static final JsonMapper JSON = new JsonMapper();

  private final Repository target;
  private final ConversionListener listener;
  private final ObjectNode list = JSON.createObjectNode();
  private final ArrayNode manifests;
  private long layerBytes;

  /**
   * A recipe that is in the target.
   *
   * @param hiddenPacks packs that it refers to
   */
  record PushedRecipe(Digest digest, long size, List<Pack> hiddenPacks) {}

  IndexImagePusher(Repository target, ConversionListener listener) {
    this.target = target;
    this.listener = listener;
    list.put("schemaVersion", 2);
    list.put("mediaType", MediaTypes.OCI_INDEX);
    manifests = list.putArray("manifests");
    list.putObject("annotations")
        .put(MediaTypes.INDEX_VERSION, Integer.toString(IndexFormat.VERSION));
  }

  /**
   * Pushes the index image and the pack manifest of one platform, under their digests.
   *
   * @param recipe of the source, if one was made; its blob is there
   */
  ConvertedPlatform push(SourceImage source, ImageIndex index, Optional<PushedRecipe> recipe)
      throws IOException, InterruptedException {
    listener.started(Stage.PUSH_INDEX, source.platform().toString(), 5);
    IndexLayer layer = IndexLayer.of(index);
    byte[] config = IndexImageConfig.of(source, layer.diffId());
    pushBlob(config);
    pushBlob(layer.gzip());
    layerBytes += layer.gzip().length;
    byte[] image = bytes(imageManifest(source, config, layer, recipe));
    pushManifest(image);
    pushBlob(EMPTY_JSON);
    byte[] packs = bytes(packManifest(index.packs(), recipe));
    pushManifest(packs);
    listener.finished(Stage.PUSH_INDEX);
    addToList(source, image, packs);
    return new ConvertedPlatform(
        source.platform(), source.digest(), Digest.sha256(image), Digest.sha256(packs));
  }

  /** Makes all that was pushed visible under a tag. */
  Digest tag(String tag) throws IOException, InterruptedException {
    byte[] bytes = bytes(list);
    target.putManifest(tag, MediaTypes.OCI_INDEX, bytes);
    return Digest.sha256(bytes);
  }

  /** Size of the index layers, compressed. */
  long layerBytes() {
    return layerBytes;
  }

  private static ObjectNode imageManifest(
      SourceImage source, byte[] config, IndexLayer layer, Optional<PushedRecipe> recipe) {
    ObjectNode manifest = manifest();
    manifest.set("config", descriptor(MediaTypes.OCI_CONFIG, config));
    manifest.putArray("layers").add(descriptor(MediaTypes.OCI_LAYER_GZIP, layer.gzip()));
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
    ObjectNode manifest = manifest();
    manifest.put("artifactType", MediaTypes.PACKS);
    manifest.set("config", descriptor(MediaTypes.OCI_EMPTY, EMPTY_JSON));
    ArrayNode layers = manifest.putArray("layers");
    for (Pack pack : packs) {
      layers.add(descriptor(Pack.MEDIA_TYPE, pack.digest(), pack.size()));
    }
    recipe.ifPresent(
        pushed -> {
          for (Pack pack : pushed.hiddenPacks()) {
            if (!packs.contains(pack)) {
              layers.add(descriptor(Pack.MEDIA_TYPE, pack.digest(), pack.size()));
            }
          }
          layers.add(descriptor(Recipe.MEDIA_TYPE, pushed.digest(), pushed.size()));
        });
    if (layers.isEmpty()) {
      layers.add(descriptor(MediaTypes.OCI_EMPTY, EMPTY_JSON)); // an artifact has a layer
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

  private static ObjectNode manifest() {
    ObjectNode manifest = JSON.createObjectNode();
    manifest.put("schemaVersion", 2);
    manifest.put("mediaType", MediaTypes.OCI_MANIFEST);
    return manifest;
  }

  private static ObjectNode descriptor(String mediaType, byte[] content) {
    return descriptor(mediaType, Digest.sha256(content), content.length);
  }

  private static ObjectNode descriptor(String mediaType, Digest digest, long size) {
    return JSON.createObjectNode()
        .put("mediaType", mediaType)
        .put("digest", digest.toString())
        .put("size", size);
  }

  private void pushBlob(byte[] blob) throws IOException, InterruptedException {
    target.uploadBlob(blob);
    listener.advanced(Stage.PUSH_INDEX, 1);
  }

  private void pushManifest(byte[] manifest) throws IOException, InterruptedException {
    target.putManifest(Digest.sha256(manifest).toString(), MediaTypes.OCI_MANIFEST, manifest);
    listener.advanced(Stage.PUSH_INDEX, 1);
  }

  private static byte[] bytes(ObjectNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of JSON nodes is JSON", e);
    }
  }
}
