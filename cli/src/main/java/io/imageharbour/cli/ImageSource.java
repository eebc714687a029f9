package io.imageharbour.cli;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.ConversionListener;
import io.imageharbour.indexer.convert.OrdinaryImage;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistryConfigurationException;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a command opens the index images that it reads, and for which platform. */
final class ImageSource {

  /** People wait for what these commands show. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description =
          "Which of the image's platforms (default: this machine's, or the only one; inspect, verify"
              + " and pool evict take all).")
  private Optional<Platform> platform = Optional.empty();

  @Mixin private final RegistryOptions registry = new RegistryOptions();

  RegistryClient client() throws RegistryConfigurationException {
    return registry.open(PATIENCE);
  }

  /** Opens an image for the one platform that is meant. */
  IndexImage open(RegistryClient client, ImageReference reference)
      throws IOException, InterruptedException {
    Repository repository = client.repository(reference.repository());
    String tagOrDigest = reference.tagOrDigest();
    if (platform.isPresent()) {
      return IndexImage.open(repository, tagOrDigest, platform.get());
    }
    List<Platform> platforms = IndexImage.platforms(repository, tagOrDigest);
    Platform here = Platform.ofThisMachine();
    Platform chosen =
        platforms.size() == 1
            ? platforms.getFirst()
            : platforms.stream()
                .filter(candidate -> candidate.satisfies(here))
                .findFirst()
                .orElse(here);
    return IndexImage.open(repository, tagOrDigest, chosen);
  }

  /**
   * The tree of an image, an index image or an ordinary one, for the one platform that is meant.
   * Reading an ordinary image takes all its layers.
   */
  ImageIndex readTree(RegistryClient client, ImageReference reference, ConversionListener listener)
      throws IOException, InterruptedException {
    return isIndexImage(client, reference)
        ? open(client, reference).index()
        : OrdinaryImage.readTree(
            client.repository(reference.repository()), reference, platform, listener);
  }

  /** Whether an image is an index image itself. */
  boolean isIndexImage(RegistryClient client, ImageReference reference)
      throws IOException, InterruptedException {
    Repository repository = client.repository(reference.repository());
    return new ImageReader(repository)
        .parse(repository.manifest(reference.tagOrDigest()))
        .isHarbours();
  }

  /** Opens an image for every platform that is meant: all that it has, unless one was named. */
  OpenedImage openAll(RegistryClient client, ImageReference reference)
      throws IOException, InterruptedException {
    Repository repository = client.repository(reference.repository());
    String tagOrDigest = reference.tagOrDigest();
    Manifest manifest = repository.manifest(tagOrDigest);
    List<Platform> platforms =
        platform.isPresent()
            ? List.of(platform.get())
            : IndexImage.platforms(repository, tagOrDigest);
    List<IndexImage> images = new ArrayList<>();
    for (Platform wanted : platforms) {
      images.add(IndexImage.open(repository, tagOrDigest, wanted));
    }
    return new OpenedImage(reference, manifest, images);
  }

  /**
   * An index image.
   *
   * @param reference what was asked for
   * @param manifest what the reference names
   * @param platforms an image for each platform, at least one
   */
  record OpenedImage(ImageReference reference, Manifest manifest, List<IndexImage> platforms) {}
}
