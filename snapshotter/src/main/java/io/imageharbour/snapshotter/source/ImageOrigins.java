package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The origins of an index image, best first: the reference that the client passed in the snapshot's
 * labels, then what containerd knows of the layer, then what the index says. An image that was
 * copied is so fetched from where it was copied to.
 */
public final class ImageOrigins {

  private static final Logger LOG = LoggerFactory.getLogger(ImageOrigins.class);

  /** The labels in which clients pass the image's reference: containerd's CRI plugin, nerdctl. */
  private static final List<String> REFERENCE_LABELS =
      List.of(
          "containerd.io/snapshot/cri.image-ref", "containerd.io/snapshot/remote/stargz.reference");

  private static final Pattern CONTAINERD_NAME =
      Pattern.compile("([^/]+)/[0-9]+/(sha256:[0-9a-f]{64})");

  private ImageOrigins() {}

  /**
   * Puts the origins of an image in order.
   *
   * @param name under which its layer was committed; containerd makes it of its namespace, a number
   *     and the layer's chain ID, which is the diff ID of a layer without parent
   * @param labels of the snapshot
   * @param written the origins in the index
   */
  public static List<String> of(String name, Map<String, String> labels, List<String> written) {
    SequencedSet<String> origins = new LinkedHashSet<>();
    reference(labels).map(ImageReference::repository).ifPresent(r -> origins.add(r.toString()));
    layer(name).ifPresent(layer -> origins.add(layer.toString()));
    origins.addAll(written);
    return new ArrayList<>(origins);
  }

  /** The reference that the client passed, if it did. */
  public static Optional<ImageReference> reference(Map<String, String> labels) {
    for (String label : REFERENCE_LABELS) {
      String text = labels.get(label);
      if (text != null) {
        try {
          return Optional.of(ImageReference.parse(text));
        } catch (InvalidReferenceException e) {
          LOG.warn("event=label-ignored label={} cause=\"{}\"", label, e.getMessage());
        }
      }
    }
    return Optional.empty();
  }

  /** The layer that a snapshot of this name holds, if it is one that containerd gives. */
  public static Optional<LayerOrigin> layer(String name) {
    Matcher parts = CONTAINERD_NAME.matcher(name);
    return parts.matches()
        ? Optional.of(new LayerOrigin(parts.group(1), Digest.parse(parts.group(2))))
        : Optional.empty();
  }
}
