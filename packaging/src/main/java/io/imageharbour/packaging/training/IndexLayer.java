package io.imageharbour.packaging.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * The one layer of an index image, pulled.
 *
 * @param image {@code HOST:PORT/REPOSITORY:TAG} that it was pulled as
 * @param diffId digest of its tar
 * @param gzip its blob
 */
record IndexLayer(String image, Digest diffId, byte[] gzip) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Pulls it, without a request. */
  static IndexLayer of(TrainingRegistry registry, String repository, String tag)
      throws IOException {
    // of several platforms the first: a pack manifest lies behind it
    String digest = manifest(registry, tag).at("/manifests/0/digest").asText();
    JsonNode manifest = manifest(registry, digest);
    JsonNode config = JSON.readTree(blob(registry, manifest.path("config")));
    return new IndexLayer(
        registry.host() + "/" + repository + ":" + tag,
        Digest.parse(config.at("/rootfs/diff_ids/0").asText()),
        blob(registry, manifest.at("/layers/0")));
  }

  /** The image's repository, without the registry. */
  String repository() {
    return image.substring(image.indexOf('/') + 1, image.lastIndexOf(':'));
  }

  /** Unpacks it. */
  void writeTo(Path directory) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new GZIPInputStream(new ByteArrayInputStream(gzip)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path file = directory.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.copy(tar, file);
        }
      }
    }
  }

  private static JsonNode manifest(TrainingRegistry registry, String tagOrDigest)
      throws IOException {
    return JSON.readTree(registry.manifest(tagOrDigest).orElseThrow().bytes());
  }

  private static byte[] blob(TrainingRegistry registry, JsonNode descriptor) {
    return registry.blob(descriptor.path("digest").asText()).orElseThrow();
  }
}
