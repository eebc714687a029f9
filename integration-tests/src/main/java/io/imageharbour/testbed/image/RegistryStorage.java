package io.imageharbour.testbed.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The storage directory of the Distribution project's registry ({@code filesystem} driver, version
 * 2), written to directly: blobs are hard links to those of a layout.
 *
 * <pre>
 * docker/registry/v2/blobs/sha256/ab/abcd…/data
 * docker/registry/v2/repositories/NAME/_layers/sha256/abcd…/link
 * docker/registry/v2/repositories/NAME/_manifests/revisions/sha256/abcd…/link
 * docker/registry/v2/repositories/NAME/_manifests/tags/TAG/current/link
 * docker/registry/v2/repositories/NAME/_manifests/tags/TAG/index/sha256/abcd…/link
 * </pre>
 */
public final class RegistryStorage {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path root;

  /**
   * @param directory the registry's {@code rootdirectory}
   */
  public RegistryStorage(Path directory) {
    this.root = directory.resolve("docker/registry/v2");
  }

  /** Adds an image under a tag. */
  public void add(OciLayout image, String repository, String tag) throws IOException {
    Path home = root.resolve("repositories").resolve(repository);
    Digest digest = image.image().digest();
    addManifest(image, home, digest);
    link(home.resolve("_manifests/tags/" + tag + "/current"), digest);
    link(home.resolve("_manifests/tags/" + tag + "/index/sha256/" + digest.hex()), digest);
  }

  /** The file of a blob. */
  public Path blob(Digest digest) {
    String hex = digest.hex();
    return root.resolve("blobs/sha256").resolve(hex.substring(0, 2)).resolve(hex).resolve("data");
  }

  /** Bytes of all blobs. */
  public long blobBytes() throws IOException {
    Path blobs = root.resolve("blobs");
    if (!Files.exists(blobs)) {
      return 0;
    }
    long bytes = 0;
    try (Stream<Path> files = Files.walk(blobs)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private void addManifest(OciLayout image, Path home, Digest digest) throws IOException {
    addBlob(image, digest);
    link(home.resolve("_manifests/revisions/sha256/" + digest.hex()), digest);
    JsonNode manifest = JSON.readTree(image.blob(digest).toFile());
    for (JsonNode child : manifest.path("manifests")) {
      addManifest(image, home, digestOf(child));
    }
    if (manifest.has("config")) {
      addLayer(image, home, digestOf(manifest.path("config")));
    }
    for (JsonNode layer : manifest.path("layers")) {
      addLayer(image, home, digestOf(layer));
    }
  }

  private void addLayer(OciLayout image, Path home, Digest digest) throws IOException {
    addBlob(image, digest);
    link(home.resolve("_layers/sha256/" + digest.hex()), digest);
  }

  private void addBlob(OciLayout image, Digest digest) throws IOException {
    BlobFiles.linkOrCopy(image.blob(digest), blob(digest));
  }

  private static void link(Path directory, Digest target) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("link"), target.toString());
  }

  private static Digest digestOf(JsonNode descriptor) {
    return Digest.parse(descriptor.path("digest").asText());
  }
}
