package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import java.util.Optional;

/**
 * An origin that containerd is asked about when a fetch needs it: where it got the layer with this
 * diff ID from. It stands among the origins of an image as text, between the repositories. Asking
 * late matters: a client writes down what it knows of a layer only after the layer's commit.
 *
 * @param namespace of containerd
 * @param diffId digest of the uncompressed layer
 */
public record LayerOrigin(String namespace, Digest diffId) {

  private static final String PREFIX = "containerd:";

  /** The layer that this origin names; nothing if it names a repository. */
  static Optional<LayerOrigin> parse(String origin) {
    int slash = origin.lastIndexOf('/');
    if (!origin.startsWith(PREFIX) || slash < PREFIX.length()) {
      return Optional.empty();
    }
    return Optional.of(
        new LayerOrigin(
            origin.substring(PREFIX.length(), slash), Digest.parse(origin.substring(slash + 1))));
  }

  @Override
  public String toString() {
    return PREFIX + namespace + "/" + diffId;
  }
}
