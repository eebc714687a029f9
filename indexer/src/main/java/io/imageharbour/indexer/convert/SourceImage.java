package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.ImageDocument;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One platform of an image that is to be converted.
 *
 * @param platform what it is for
 * @param list what it was found through, if that is a list
 * @param document its manifest as it is in the registry
 * @param manifest its layers and config
 * @param config its config
 */
record SourceImage(
    Platform platform,
    Optional<Manifest> list,
    Manifest document,
    ImageManifest manifest,
    ImageReader.Config config) {

  private static final String LINUX = "linux";

  private static final Set<String> CONFIGS =
      Set.of(MediaTypes.OCI_CONFIG, MediaTypes.DOCKER_CONFIG);

  /** Layers that can be unpacked; the first bytes decide how they are compressed. */
  private static final Set<String> LAYERS =
      Set.of(
          "application/vnd.oci.image.layer.v1.tar",
          "application/vnd.oci.image.layer.v1.tar+gzip",
          "application/vnd.oci.image.layer.v1.tar+zstd",
          "application/vnd.oci.image.layer.nondistributable.v1.tar",
          "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
          "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
          "application/vnd.docker.image.rootfs.diff.tar",
          "application/vnd.docker.image.rootfs.diff.tar.gzip",
          "application/vnd.docker.image.rootfs.diff.tar.zstd",
          "application/vnd.docker.image.rootfs.foreign.diff.tar",
          "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");

  /**
   * Finds the images to convert.
   *
   * @param wanted the platforms; all if it is empty
   * @throws UnconvertibleImageException if a wanted one is not there, or can't be converted
   */
  static List<SourceImage> find(
      Repository repository, ImageReference reference, List<Platform> wanted)
      throws IOException, InterruptedException {
    ImageReader reader = new ImageReader(repository);
    Manifest top = repository.manifest(reference.tagOrDigest());
    ImageDocument document = reader.parse(top);
    requireOrdinary(document, reference);
    List<SourceImage> images = new ArrayList<>();
    switch (document) {
      case ImageManifest manifest ->
          images.add(image(reader, reference, Optional.empty(), top, manifest, Optional.empty()));
      case ImageList list -> {
        for (Descriptor entry : list.manifests()) {
          if (isWanted(entry, wanted)) {
            Manifest manifest = repository.manifest(entry.digest().toString());
            if (reader.parse(manifest) instanceof ImageManifest image) {
              requireOrdinary(image, reference);
              images.add(
                  image(reader, reference, Optional.of(top), manifest, image, entry.platform()));
            }
          }
        }
      }
    }
    return select(images, wanted, reference);
  }

  /** Digest of its manifest. */
  Digest digest() {
    return document.digest();
  }

  /** Size of the compressed layers in bytes. */
  long layerBytes() {
    return manifest.layers().stream().mapToLong(Descriptor::size).sum();
  }

  /** Attestations and the like say that they are for no platform; an entry need not say any. */
  private static boolean isWanted(Descriptor entry, List<Platform> wanted) {
    return !entry.isForUnknownPlatform()
        && entry.platform().filter(platform -> !isWanted(platform, wanted)).isEmpty();
  }

  private static boolean isWanted(Platform platform, List<Platform> wanted) {
    return platform.os().equals(LINUX)
        && (wanted.isEmpty() || wanted.stream().anyMatch(platform::satisfies));
  }

  private static SourceImage image(
      ImageReader reader,
      ImageReference reference,
      Optional<Manifest> list,
      Manifest manifest,
      ImageManifest image,
      Optional<Platform> listed)
      throws IOException, InterruptedException {
    if (!CONFIGS.contains(image.config().mediaType())) {
      throw new UnconvertibleImageException(
          reference
              + " is no container image but an artifact (its config is "
              + image.config().mediaType()
              + ")");
    }
    for (Descriptor layer : image.layers()) {
      if (!LAYERS.contains(layer.mediaType())) {
        throw new UnconvertibleImageException(
            "Layer "
                + layer.digest()
                + " of "
                + reference
                + " has the media type "
                + layer.mediaType()
                + ", which can't be unpacked");
      }
    }
    ImageReader.Config config = reader.config(image.config());
    List<Digest> unused = reader.diffIds(image, config);
    Platform configured = reader.platform(config, image.config().digest());
    // old configs lack the variant, by which a list tells its images apart
    Platform platform = listed.filter(it -> it.satisfies(configured)).orElse(configured);
    return new SourceImage(platform, list, manifest, image, config);
  }

  private static List<SourceImage> select(
      List<SourceImage> images, List<Platform> wanted, ImageReference reference)
      throws UnconvertibleImageException {
    for (Platform platform : wanted) {
      if (images.stream().noneMatch(image -> image.platform.satisfies(platform))) {
        throw new UnconvertibleImageException(
            reference + " is not there for " + platform + "; leave out --platform to convert all");
      }
    }
    List<SourceImage> selected =
        images.stream().filter(image -> isWanted(image.platform, wanted)).toList();
    if (selected.isEmpty()) {
      throw new UnconvertibleImageException(reference + " holds no image for Linux");
    }
    return selected;
  }

  /**
   * One that has more layers than an index image was built on one by a tool that keeps annotations.
   */
  private static void requireOrdinary(ImageDocument document, ImageReference reference)
      throws UnconvertibleImageException {
    boolean built = document instanceof ImageManifest image && image.layers().size() > 1;
    if (document.isHarbours() && !built) {
      throw new UnconvertibleImageException(
          reference + " is an index image already; convert the image that it was made from");
    }
  }
}
