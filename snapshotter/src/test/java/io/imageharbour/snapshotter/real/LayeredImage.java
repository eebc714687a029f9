package io.imageharbour.snapshotter.real;

import io.imageharbour.indexer.Digest;
import java.util.List;
import java.util.Map;

/**
 * An image in a registry whose layers are known.
 *
 * @param reference what clients call it
 * @param manifest digest of its manifest
 * @param layers the bottom one first
 * @param chainIds of the layers
 * @param attached blobs of the index and the recipe beside it; none if it has no index
 */
record LayeredImage(
    String reference,
    Digest manifest,
    List<PlainLayer> layers,
    List<Digest> chainIds,
    List<Digest> attached) {

  /** The label in which clients name the layer that a snapshot is for. */
  static final String LAYER = "containerd.io/snapshot.ref";

  boolean hasIndex() {
    return !attached.isEmpty();
  }

  /** What a client says that is about to unpack a layer, 0 for the bottom one. */
  Map<String, String> labels(int layer) {
    return Map.of(
        LAYER,
        chainIds.get(layer).toString(),
        "containerd.io/snapshot/cri.manifest-digest",
        manifest.toString(),
        "containerd.io/snapshot/cri.image-ref",
        reference);
  }
}
