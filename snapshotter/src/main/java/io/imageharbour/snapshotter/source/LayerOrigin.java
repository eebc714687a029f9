package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  /** No repository looks like this: what is behind a colon of theirs is a port and a path. */
  private static final Pattern TEXT = Pattern.compile(PREFIX + "(.+)/(sha256:[0-9a-f]{64})");

  /** Whether an origin seems to name a layer, and no repository. */
  static boolean isLayer(String origin) {
    return origin.startsWith(PREFIX);
  }

  /** The layer that this origin names; nothing if it names a repository. */
  static Optional<LayerOrigin> parse(String origin) {
    Matcher matcher = TEXT.matcher(origin);
    return matcher.matches()
        ? Optional.of(new LayerOrigin(matcher.group(1), Digest.parse(matcher.group(2))))
        : Optional.empty();
  }

  @Override
  public String toString() {
    return PREFIX + namespace + "/" + diffId;
  }
}
