package io.imageharbour.cli.pull;

import io.imageharbour.cli.pull.ResolvedImage.Document;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.ImageDocument;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.MalformedImageException;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Finds out what a name stands for. What a tag points to is always asked of the registry; manifests
 * and configs that are named by digest come from the content store where they are there.
 */
final class ImageResolver {

  private final Repository repository;
  private final ImageReference reference;
  private final Platform wanted;
  private final ContentStore content;
  private final ImageReader reader;

  ImageResolver(
      Repository repository, ImageReference reference, Platform wanted, ContentStore content) {
    this.repository = repository;
    this.reference = reference;
    this.wanted = wanted;
    this.content = content;
    this.reader = new ImageReader(repository);
  }

  /**
   * Resolves the image.
   *
   * @throws ImageUnavailableException if it is not there for the platform, or can't be unpacked
   */
  ResolvedImage resolve() throws IOException, InterruptedException {
    Manifest top = repository.manifest(reference.tagOrDigest());
    return switch (reader.parse(top)) {
      case ImageManifest manifest -> {
        ResolvedImage image = resolve(top, manifest, List.of(), Optional.empty());
        if (!image.platform().satisfies(wanted)) {
          throw notThere(image.platform().toString());
        }
        yield image;
      }
      case ImageList list -> resolve(list, document(top, list, list.manifests()));
    };
  }

  private ResolvedImage resolve(ImageList list, Document document)
      throws IOException, InterruptedException {
    for (Descriptor entry : list.manifests()) {
      // attestations and packs say that they are for no platform; an entry need not say any
      boolean candidate =
          !entry.isForUnknownPlatform()
              && entry.platform().filter(platform -> !platform.satisfies(wanted)).isEmpty();
      if (candidate) {
        Manifest manifest = manifest(entry);
        if (reader.parse(manifest) instanceof ImageManifest image) {
          ResolvedImage resolved = resolve(manifest, image, List.of(document), entry.platform());
          if (resolved.platform().satisfies(wanted)) {
            return resolved;
          }
        }
      }
    }
    throw notThere(
        list.manifests().stream()
            .flatMap(entry -> entry.platform().stream())
            .map(Platform::toString)
            .collect(Collectors.joining(", ")));
  }

  private ResolvedImage resolve(
      Manifest manifest, ImageManifest image, List<Document> above, Optional<Platform> listed)
      throws IOException, InterruptedException {
    if (Kind.of(image.config().mediaType()) != Kind.CONFIG) {
      throw new ImageUnavailableException(
          reference
              + " is no container image but an artifact (its config is "
              + image.config().mediaType()
              + ")");
    }
    ImageReader.Config config = config(image.config());
    Platform platform =
        listed.isPresent() ? listed.get() : reader.platform(config, image.config().digest());
    List<Descriptor> children = new ArrayList<>(List.of(image.config()));
    children.addAll(image.layers());
    List<Document> documents = new ArrayList<>(above);
    documents.add(document(manifest, image, children));
    documents.add(new Document(Blob.of(image.config()), config.bytes(), Map.of()));
    return new ResolvedImage(documents, manifest.digest(), platform, layers(image, config));
  }

  private List<Layer> layers(ImageManifest image, ImageReader.Config config)
      throws ImageUnavailableException, MalformedImageException {
    for (Descriptor layer : image.layers()) {
      if (Kind.of(layer.mediaType()) != Kind.LAYER) {
        throw new ImageUnavailableException(
            "layer "
                + layer.digest()
                + " of "
                + reference
                + " has the media type "
                + layer.mediaType()
                + ", which containerd can't unpack");
      }
    }
    return Layer.chain(image.layers(), reader.diffIds(image, config));
  }

  private Manifest manifest(Descriptor entry) throws IOException, InterruptedException {
    Optional<byte[]> present = present(entry, Manifest.MAX_SIZE);
    return present.isPresent()
        ? new Manifest(entry.digest(), entry.mediaType(), present.get())
        : repository.manifest(entry.digest().toString());
  }

  private ImageReader.Config config(Descriptor config) throws IOException, InterruptedException {
    Optional<byte[]> present = present(config, ImageReader.MAX_CONFIG);
    return present.isPresent() ? reader.config(present.get()) : reader.config(config);
  }

  private Optional<byte[]> present(Descriptor document, long limit)
      throws IOException, InterruptedException {
    return document.size() <= limit ? content.read(Blob.of(document)) : Optional.empty();
  }

  /** What registries say of the media type counts where it fits what came. */
  private static Document document(
      Manifest manifest, ImageDocument parsed, List<Descriptor> children) {
    Kind kind = parsed instanceof ImageList ? Kind.LIST : Kind.MANIFEST;
    String usual = kind == Kind.LIST ? MediaTypes.OCI_INDEX : MediaTypes.OCI_MANIFEST;
    String mediaType = Kind.of(manifest.mediaType()) == kind ? manifest.mediaType() : usual;
    return new Document(
        new Blob(mediaType, manifest.digest(), manifest.bytes().length),
        manifest.bytes(),
        ContentLabels.references(children));
  }

  private ImageUnavailableException notThere(String platforms) {
    return new ImageUnavailableException(
        reference
            + " is not there for "
            + wanted
            + ", only for "
            + (platforms.isEmpty() ? "none that it names" : platforms)
            + "; --platform names another");
  }
}
