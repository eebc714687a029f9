package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.registry.RepositoryName;
import java.util.List;
import java.util.Optional;

/** Knows which repositories a layer was pulled from, and perhaps the image that it belongs to. */
@FunctionalInterface
public interface LayerSources {

  /** The repositories, none if nothing is known; never fails, never takes longer than seconds. */
  List<RepositoryName> of(LayerOrigin layer);

  /**
   * What an image is called that has this layer, such as {@code docker.io/library/python:3}; never
   * fails, never takes longer than seconds.
   */
  default Optional<String> imageName(LayerOrigin layer) {
    return Optional.empty();
  }

  /** The image that has this layer; never fails, never takes longer than seconds. */
  default Optional<PulledImage> image(LayerOrigin layer) {
    return Optional.empty();
  }
}
