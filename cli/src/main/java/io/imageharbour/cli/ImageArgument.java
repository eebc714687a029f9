package io.imageharbour.cli;

import io.imageharbour.cli.ImageSource.OpenedImage;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistryConfigurationException;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The one index image that a command reads, and for which platform. */
final class ImageArgument {

  @Parameters(
      index = "0",
      paramLabel = "IMAGE",
      description =
          "An index image, or an image with its index beside it:"
              + " [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private Optional<ImageReference> image = Optional.empty();

  @Mixin private final ImageSource source = new ImageSource();

  RegistryClient client() throws RegistryConfigurationException {
    return source.client();
  }

  /** Opens the image for the one platform that is meant. */
  IndexImage open(RegistryClient client) throws IOException, InterruptedException {
    return source.open(client, image.orElseThrow());
  }

  /** Opens the image for every platform that is meant: all that it has, unless one was named. */
  OpenedImage openAll(RegistryClient client) throws IOException, InterruptedException {
    return source.openAll(client, image.orElseThrow());
  }
}
