package io.imageharbour.indexer.image;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.layer.LayerStream;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An index image in a registry, opened for one platform; or an ordinary image that has its index
 * beside it. Safe for use by several threads.
 */
public final class IndexImage {

  /** The largest index layer that is read, compressed and not: an index has at most 256 MiB. */
  public static final long MAX_LAYER = 257L << 20;

  private final Repository repository;
  private final Platform platform;
  private final Manifest manifest;
  private final Digest source;
  private final Optional<StoredRecipe> recipe;
  private final byte[] config;
  private final ImageIndex index;

  private IndexImage(
      Repository repository,
      Platform platform,
      Manifest manifest,
      Digest source,
      Optional<StoredRecipe> recipe,
      byte[] config,
      ImageIndex index) {
    this.repository = repository;
    this.platform = platform;
    this.manifest = manifest;
    this.source = source;
    this.recipe = recipe;
    this.config = config;
    this.index = index;
  }

  /**
   * Opens the index image that a tag or digest names: its manifest, config and index are fetched
   * and checked, its packs are not touched.
   *
   * @param platform which one to open where there are several
   * @throws NotAnIndexImageException if it is an ordinary image without an index beside it, or none
   *     for this platform
   * @throws io.imageharbour.indexer.HarbourException if it is damaged, or the registry refuses
   */
  public static IndexImage open(Repository repository, String tagOrDigest, Platform platform)
      throws IOException, InterruptedException {
    Manifest top = repository.manifest(tagOrDigest);
    Manifest manifest =
        switch (new ImageReader(repository).parse(top)) {
          case ImageManifest _ -> top;
          case ImageList list ->
              repository.manifest(select(list, repository, tagOrDigest, platform));
        };
    IndexImage image = open(repository, tagOrDigest, manifest);
    if (!image.platform.satisfies(platform)) {
      throw new NotAnIndexImageException(
          name(repository, tagOrDigest) + " is for " + image.platform + ", not for " + platform);
    }
    return image;
  }

  /**
   * Opens the index image of this very manifest, whatever platform it is for.
   *
   * @param maxLayer the largest index layer that is read, compressed and not, in bytes
   * @throws NotAnIndexImageException if it is an ordinary image without an index beside it, or a
   *     list of several, or too large
   */
  public static IndexImage open(Repository repository, Digest manifest, long maxLayer)
      throws IOException, InterruptedException {
    String digest = manifest.toString();
    return open(repository, digest, repository.manifest(digest), Math.min(MAX_LAYER, maxLayer));
  }

  /**
   * Opens the index images of every platform, in their order.
   *
   * @throws NotAnIndexImageException if it is an ordinary image without an index beside it
   */
  public static List<IndexImage> openAll(Repository repository, String tagOrDigest)
      throws IOException, InterruptedException {
    Manifest top = repository.manifest(tagOrDigest);
    List<IndexImage> images = new ArrayList<>();
    switch (new ImageReader(repository).parse(top)) {
      case ImageManifest _ -> images.add(open(repository, tagOrDigest, top));
      case ImageList list -> {
        for (Descriptor entry : list.manifests()) {
          if (!entry.isForUnknownPlatform()) {
            Manifest manifest = repository.manifest(entry.digest().toString());
            images.add(open(repository, tagOrDigest, manifest));
          }
        }
      }
    }
    return images;
  }

  /** The platforms of an image, in its order. */
  public static List<Platform> platforms(Repository repository, String tagOrDigest)
      throws IOException, InterruptedException {
    ImageReader reader = new ImageReader(repository);
    return switch (reader.parse(repository.manifest(tagOrDigest))) {
      case ImageManifest image ->
          List.of(reader.platform(reader.config(image.config()), image.config().digest()));
      case ImageList list -> platforms(list);
    };
  }

  /**
   * Opens an ordinary image that has its index beside it.
   *
   * @param manifest of the image for one platform
   * @return empty if nothing is beside it
   */
  public static Optional<IndexImage> openAttached(Repository repository, Manifest manifest)
      throws IOException, InterruptedException {
    ImageReader reader = new ImageReader(repository);
    Optional<AttachedIndex> attached = AttachedIndex.find(repository, manifest.digest());
    if (attached.isEmpty() || !(reader.parse(manifest) instanceof ImageManifest image)) {
      return Optional.empty();
    }
    ImageReader.Config config = reader.config(image.config());
    Descriptor recipe = attached.get().recipe();
    return Optional.of(
        new IndexImage(
            repository,
            reader.platform(config, image.config().digest()),
            attached.get().manifest(),
            manifest.digest(),
            Optional.of(new StoredRecipe(recipe.digest(), recipe.size())),
            config.bytes(),
            attached.get().read()));
  }

  /** Where the image lies. */
  public Repository repository() {
    return repository;
  }

  /** What it is for. */
  public Platform platform() {
    return platform;
  }

  /** The manifest of the index image itself, or the one that brings the index beside an image. */
  public Manifest manifest() {
    return manifest;
  }

  /** Digest of the manifest that was converted. */
  public Digest sourceDigest() {
    return source;
  }

  /** The recipe that the original is restored with, if one was made; nothing of it was read yet. */
  public Optional<StoredRecipe> recipe() {
    return recipe;
  }

  /**
   * A recipe in the image's repository.
   *
   * @param digest of the blob
   * @param size of the blob in bytes
   */
  public record StoredRecipe(Digest digest, long size) {}

  /** The image config (JSON); a copy. */
  public byte[] config() {
    return config.clone();
  }

  /** The tree and where its contents lie. */
  public ImageIndex index() {
    return index;
  }

  /**
   * Streams a file's content from the packs, frame by frame. Every chunk is verified before a byte
   * of it is returned; memory holds one frame. The stream throws {@link CorruptContentException}
   * where a pack is damaged.
   *
   * @param content position in {@link ImageIndex#contents()}
   */
  public InputStream openContent(int content) {
    return openContent(index.stored(), index.contents().get(content));
  }

  /** The same for a content that packs of the image's repository hold, and its index does not. */
  public InputStream openContent(StoredContents stored, FileContent content) {
    return new ContentStream(repository, stored, content);
  }

  private static IndexImage open(Repository repository, String tagOrDigest, Manifest manifest)
      throws IOException, InterruptedException {
    return open(repository, tagOrDigest, manifest, MAX_LAYER);
  }

  private static IndexImage open(
      Repository repository, String tagOrDigest, Manifest manifest, long maxLayer)
      throws IOException, InterruptedException {
    ImageReader reader = new ImageReader(repository);
    ImageDocument document = reader.parse(manifest);
    if (!document.isHarbours()) {
      return openAttached(repository, manifest)
          .orElseThrow(() -> ordinary(repository, tagOrDigest));
    }
    String name = name(repository, tagOrDigest);
    if (!(document instanceof ImageManifest image) || image.layers().size() != 1) {
      throw new NotAnIndexImageException(
          name + " is marked as an index image, and has not the one layer that those have");
    }
    ImageReader.Config config = reader.config(image.config());
    return new IndexImage(
        repository,
        reader.platform(config, image.config().digest()),
        manifest,
        sourceDigest(image, name),
        recipe(image, name),
        config.bytes(),
        readIndex(repository, image.layers().getFirst(), name, maxLayer));
  }

  private static ImageIndex readIndex(
      Repository repository, Descriptor layer, String name, long maxLayer)
      throws IOException, InterruptedException {
    String source = "the index in layer " + layer.digest() + " of " + name;
    if (layer.size() > maxLayer) {
      throw new NotAnIndexImageException(
          source + " would be " + layer.size() + " bytes; at most " + maxLayer + " are read");
    }
    try (LayerStream stream =
        LayerStream.open(repository.openBlob(layer.digest(), layer.size()), maxLayer)) {
      TarReader tar = new TarReader(stream);
      Optional<TarEntry> entry = tar.next();
      while (entry.isPresent()) {
        if (new String(entry.get().name(), StandardCharsets.ISO_8859_1)
            .equals(ImageIndex.PATH_IN_LAYER)) {
          ImageIndex index = IndexFormat.read(tar.content(), source);
          stream.finish();
          return index;
        }
        entry = tar.next();
      }
    }
    throw new NotAnIndexImageException(
        name + " is marked as an index image, and holds no " + ImageIndex.PATH_IN_LAYER);
  }

  private static Digest sourceDigest(ImageManifest image, String name)
      throws NotAnIndexImageException {
    String digest = image.annotations().getOrDefault(MediaTypes.SOURCE_DIGEST, "");
    try {
      return Digest.parse(digest);
    } catch (IllegalArgumentException e) {
      throw new NotAnIndexImageException(
          name + " is marked as an index image, and does not say what it was converted from");
    }
  }

  private static Optional<StoredRecipe> recipe(ImageManifest image, String name)
      throws NotAnIndexImageException {
    String digest = image.annotations().get(MediaTypes.RECIPE_DIGEST);
    if (digest == null) {
      return Optional.empty();
    }
    try {
      long size = Long.parseLong(image.annotations().getOrDefault(MediaTypes.RECIPE_SIZE, ""));
      if (size > 0 && size <= Recipe.MAX_BYTES) {
        return Optional.of(new StoredRecipe(Digest.parse(digest), size));
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new NotAnIndexImageException(
        name + " has a recipe whose digest or size is impossible; convert the image again");
  }

  private static String select(
      ImageList list, Repository repository, String tagOrDigest, Platform wanted)
      throws NotAnIndexImageException {
    return list.manifests().stream()
        .filter(entry -> entry.platform().filter(p -> p.satisfies(wanted)).isPresent())
        .map(entry -> entry.digest().toString())
        .findFirst()
        .orElseThrow(
            () ->
                new NotAnIndexImageException(
                    name(repository, tagOrDigest)
                        + " is not there for "
                        + wanted
                        + ", only for "
                        + platforms(list).stream()
                            .map(Platform::toString)
                            .collect(Collectors.joining(", "))));
  }

  private static List<Platform> platforms(ImageList list) {
    return list.manifests().stream().flatMap(entry -> entry.platform().stream()).toList();
  }

  private static NotAnIndexImageException ordinary(Repository repository, String tagOrDigest) {
    return new NotAnIndexImageException(
        name(repository, tagOrDigest)
            + " is an ordinary image, not an index image, and has no index beside it; convert it with"
            + " harbourctl convert");
  }

  private static String name(Repository repository, String tagOrDigest) {
    return repository.name() + (tagOrDigest.startsWith("sha256:") ? "@" : ":") + tagOrDigest;
  }
}
