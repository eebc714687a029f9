package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.registry.RepositoryName;
import java.util.List;

/** Knows which repositories a layer was pulled from. */
@FunctionalInterface
public interface LayerSources {

  /** The repositories, none if nothing is known; never fails, never takes longer than seconds. */
  List<RepositoryName> of(LayerOrigin layer);
}
