package io.imageharbour.snapshotter.real;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.image.ChainIds;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.snapshotter.real.PlainLayer.Change;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;

/**
 * Three images in a real registry: {@code app} and {@code tool} share two layers, {@code web} the
 * bottom one of these with both. {@code app} and {@code web} have their index beside them, {@code
 * tool} has none.
 */
final class LayeredImages implements AutoCloseable {

  private static final PlainLayer BOTTOM =
      PlainLayer.of(
          new Change.Directory("etc", 0755),
          new Change.Contents("etc/name", 0644, "base"),
          new Change.Contents("etc/gone", 0600, "gone"),
          new Change.SymbolicLink("etc/link", "name"),
          new Change.Directory("doc", 0755),
          new Change.Contents("doc/a", 0644, "a"),
          new Change.Contents("doc/b", 0644, "b"),
          new Change.Directory("srv", 0755),
          new Change.Contents("srv/big", 0644, big()),
          new Change.Contents("srv/kept", 0644, "kept"),
          new Change.HardLink("srv/linked", "srv/kept"));
  private static final PlainLayer MIDDLE =
      PlainLayer.of(
          new Change.Contents("etc/name", 0644, "changed"),
          new Change.Whiteout("etc/gone"),
          new Change.Directory("doc", 0700),
          new Change.Opaque("doc"),
          new Change.Contents("doc/only", 0644, "only"));
  private static final PlainLayer APP =
      PlainLayer.of(
          new Change.Directory("srv", 0711),
          new Change.Whiteout("srv/big"),
          new Change.Contents("srv/app", 0755, "of app"));
  private static final PlainLayer TOOL =
      PlainLayer.of(
          new Change.Contents("etc/gone", 0644, "again"),
          new Change.Whiteout("doc/only"),
          new Change.Contents("srv/tool", 0644, "of tool"));
  private static final PlainLayer WEB_MIDDLE =
      PlainLayer.of(
          new Change.Contents("doc", 0644, "no directory"), new Change.Whiteout("srv/kept"));
  private static final PlainLayer WEB = PlainLayer.of(new Change.Contents("web", 0644, "of web"));

  /** What containers write. */
  static final PlainLayer BUILT = PlainLayer.of(new Change.Contents("built", 0644, "built"));

  /** The label of a snapshot with {@link #BUILT}: the chain ID of what it stands on. */
  static final String BUILT_ON = "test/built-on";

  private static final PlainLayer BUILT_AWAY = PlainLayer.of(new Change.Whiteout("built"));

  private final Images images;
  private final Path directory;
  private final Map<String, SortedMap<String, String>> trees = new HashMap<>();
  private final Map<String, SortedMap<String, String>> built = new HashMap<>();
  private final LayeredImage app;
  private final LayeredImage tool;
  private final LayeredImage web;

  private LayeredImages(Path directory, Images images) throws Exception {
    this.directory = directory;
    this.images = images;
    app = push("app", List.of(BOTTOM, MIDDLE, APP), true);
    tool = push("tool", List.of(BOTTOM, MIDDLE, TOOL), false);
    web = push("web", List.of(BOTTOM, WEB_MIDDLE, WEB), true);
  }

  /** Starts a registry that has them. */
  static LayeredImages start(Path directory) throws Exception {
    Images images = Images.start(directory);
    try {
      return new LayeredImages(directory, images);
    } catch (Exception | Error e) {
      images.close();
      throw e;
    }
  }

  private static String big() {
    StringBuilder text = new StringBuilder();
    new Random(1).ints(40_000).forEach(number -> text.append(number).append(' '));
    return text.toString();
  }

  private LayeredImage push(String name, List<PlainLayer> layers, boolean withIndex)
      throws Exception {
    List<Path> archives = new ArrayList<>();
    List<Digest> diffIds = new ArrayList<>();
    for (PlainLayer layer : layers) {
      Path archive = directory.resolve("%s-%d.tar".formatted(name, archives.size()));
      archives.add(layer.archive(archive));
      diffIds.add(Digest.sha256(Files.readAllBytes(archive)));
    }
    List<Digest> chainIds = ChainIds.of(diffIds);
    unpack(name, layers, chainIds);
    images.build(name, archives);
    if (withIndex) {
      images.attach(name);
    }
    try (RegistryClient client = images.client()) {
      ImageReference reference = ImageReference.parse(images.reference(name));
      Repository repository = client.repository(reference.repository());
      Digest manifest = repository.manifest(reference.tagOrDigest()).digest();
      List<Digest> attached = withIndex ? attached(repository, manifest) : List.of();
      return new LayeredImage(images.reference(name), manifest, layers, chainIds, attached);
    }
  }

  /** Index and recipe; the registry lists what refers to a manifest under a tag. */
  private static List<Digest> attached(Repository repository, Digest manifest) throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode list =
        json.readTree(repository.manifest(manifest.toString().replace(':', '-')).bytes());
    JsonNode index =
        json.readTree(repository.manifest(list.at("/manifests/0/digest").asText()).bytes());
    List<Digest> blobs = new ArrayList<>();
    for (JsonNode layer : index.path("layers")) {
      if (Set.of(MediaTypes.INDEX_BLOB, Recipe.MEDIA_TYPE)
          .contains(layer.path("mediaType").asText())) {
        blobs.add(Digest.parse(layer.path("digest").asText()));
      }
    }
    return blobs;
  }

  /** Unpacks the layers one after the other into a plain directory, and keeps what is seen. */
  private void unpack(String name, List<PlainLayer> layers, List<Digest> chainIds)
      throws Exception {
    Path plain = Files.createDirectory(directory.resolve("plain-" + name));
    Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("rwxr-xr-x"));
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).unpack(plain);
      trees.put(chainIds.get(i).toString(), TreeListing.of(plain));
      BUILT.unpack(plain);
      built.put(chainIds.get(i).toString(), TreeListing.of(plain));
      BUILT_AWAY.unpack(plain);
    }
  }

  /** Two layers and one of its own; has an index. */
  LayeredImage app() {
    return app;
  }

  /** Two layers and one of its own; has no index. */
  LayeredImage tool() {
    return tool;
  }

  /** One layer and two of its own; has an index. */
  LayeredImage web() {
    return web;
  }

  List<LayeredImage> all() {
    return List.of(app, tool, web);
  }

  /**
   * What a plain directory shows that the layers of a snapshot are unpacked into.
   *
   * @param labels of the snapshot
   * @return as {@link TreeListing} has it
   */
  SortedMap<String, String> plainTree(Map<String, String> labels) {
    String layer = labels.get(LayeredImage.LAYER);
    return Objects.requireNonNull(
        layer == null ? built.get(labels.get(BUILT_ON)) : trees.get(layer), labels::toString);
  }

  /** The registry's file of a blob. */
  Path blob(Digest digest) {
    return images.blob(digest);
  }

  @Override
  public void close() throws InterruptedException {
    images.close();
  }
}
