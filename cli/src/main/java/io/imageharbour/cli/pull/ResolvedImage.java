package io.imageharbour.cli.pull;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Platform;
import java.util.List;
import java.util.Map;

/**
 * An image for one platform, known down to its layers.
 *
 * @param documents the list of manifests if there is one, the manifest, the config
 * @param manifest digest of the manifest
 * @param platform what it is for
 * @param layers from the bottom to the top
 */
record ResolvedImage(
    List<Document> documents, Digest manifest, Platform platform, List<Layer> layers) {

  ResolvedImage {
    documents = List.copyOf(documents);
    layers = List.copyOf(layers);
  }

  /**
   * A small blob.
   *
   * @param labels what it refers to
   */
  record Document(Blob blob, byte[] bytes, Map<String, String> labels) {}

  /** What the image's name points to: the list, or the manifest. */
  Blob target() {
    return documents.getFirst().blob();
  }

  /** The config. */
  Document config() {
    return documents.getLast();
  }

  /** The name of the snapshot that it is unpacked to; empty for an image without layers. */
  String chainId() {
    return layers.isEmpty() ? "" : layers.getLast().chainId();
  }
}
