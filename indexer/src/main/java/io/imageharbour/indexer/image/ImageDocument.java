package io.imageharbour.indexer.image;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What a tag points to, read and checked: an image's manifest or a list of them, OCI's or Docker's.
 */
public sealed interface ImageDocument {

  /** What is said of the whole, in order. */
  SequencedMap<String, String> annotations();

  /** Whether it is marked as Harbour's. */
  default boolean isHarbours() {
    return annotations().containsKey(MediaTypes.INDEX_VERSION);
  }

  /**
   * An image for one platform.
   *
   * @param artifactType what it is, if it says so and is no container image; otherwise empty
   * @param subject the manifest that it refers to, if it does
   * @param config the image config
   * @param layers from the bottom to the top
   */
  record ImageManifest(
      String artifactType,
      Optional<Descriptor> subject,
      Descriptor config,
      List<Descriptor> layers,
      SequencedMap<String, String> annotations)
      implements ImageDocument {
    public ImageManifest {
      layers = List.copyOf(layers);
      annotations = new LinkedHashMap<>(annotations);
    }
  }

  /**
   * An OCI index or a Docker manifest list.
   *
   * @param manifests in its order
   */
  record ImageList(List<Descriptor> manifests, SequencedMap<String, String> annotations)
      implements ImageDocument {
    public ImageList {
      manifests = List.copyOf(manifests);
      annotations = new LinkedHashMap<>(annotations);
    }
  }
}
