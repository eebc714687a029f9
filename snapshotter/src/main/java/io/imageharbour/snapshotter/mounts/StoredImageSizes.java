package io.imageharbour.snapshotter.mounts;

import io.imageharbour.snapshotter.source.ImageOrigins;
import io.imageharbour.snapshotter.source.ImageSize;
import io.imageharbour.snapshotter.source.LayerOrigin;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotStore;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out how large an image is by reading its index again; takes a moment, and keeps nothing.
 */
public final class StoredImageSizes implements Function<LayerOrigin, Optional<ImageSize>> {

  private static final Logger LOG = LoggerFactory.getLogger(StoredImageSizes.class);

  private final SnapshotStore store;
  private final IndexSnapshots indexes;

  /** Of these snapshots. */
  public StoredImageSizes(SnapshotStore store, IndexSnapshots indexes) {
    this.store = store;
    this.indexes = indexes;
  }

  @Override
  public Optional<ImageSize> apply(LayerOrigin layer) {
    try {
      for (Snapshot snapshot : store.list()) {
        if (snapshot.index() && ImageOrigins.layer(snapshot.name()).equals(Optional.of(layer))) {
          return Optional.of(indexes.size(snapshot.id()));
        }
      }
    } catch (IOException e) {
      LOG.debug("event=size-unknown layer={} cause=\"{}\"", layer, e.getMessage());
    }
    return Optional.empty();
  }
}
