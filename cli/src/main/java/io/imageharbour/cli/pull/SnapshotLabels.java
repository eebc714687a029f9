package io.imageharbour.cli.pull;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a snapshotter is told of the layer that a snapshot is for, as Kubernetes' clients do: remote
 * snapshotters answer with the snapshot instead of having the layer fetched.
 *
 * @param image its name
 * @param manifest digest of its manifest
 * @param layers of the image, from the bottom to the top
 */
record SnapshotLabels(ImageReference image, Digest manifest, List<Layer> layers) {

  private static final String TARGET = "containerd.io/snapshot.ref";

  /** Labels that begin so reach the snapshotter. */
  private static final String INHERITED = "containerd.io/snapshot/";

  private static final String IMAGE = INHERITED + "cri.image-ref";
  private static final String MANIFEST = INHERITED + "cri.manifest-digest";
  private static final String LAYER = INHERITED + "cri.layer-digest";
  private static final String LAYERS = INHERITED + "cri.image-layers";

  /**
   * The labels for a layer. Annotations of it that are for snapshotters are among them, save those
   * that are too long for a label: they come from the registry, and must not fail the pull.
   *
   * @param position of the layer, counted from the bottom
   */
  Map<String, String> of(int position) {
    Layer layer = layers.get(position);
    Map<String, String> labels = new HashMap<>();
    layer
        .descriptor()
        .annotations()
        .forEach(
            (name, value) -> {
              if (name.startsWith(INHERITED) && fits(name, value)) {
                labels.put(name, value);
              }
            });
    labels.put(TARGET, layer.chainId());
    labels.put(IMAGE, image.toString());
    labels.put(MANIFEST, manifest.toString());
    labels.put(LAYER, layer.digest().toString());
    labels.put(LAYERS, digestsFrom(position));
    return labels;
  }

  /** The layer's digest and those above it, as many as a label holds. */
  private String digestsFrom(int position) {
    StringBuilder digests = new StringBuilder();
    for (Layer layer : layers.subList(position, layers.size())) {
      String next = (digests.isEmpty() ? "" : ",") + layer.digest();
      if (!fits(LAYERS, digests + next)) {
        break;
      }
      digests.append(next);
    }
    return digests.toString();
  }

  private static boolean fits(String name, String value) {
    return utf8(name) + utf8(value) <= ContentLabels.MAX_LABEL;
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
