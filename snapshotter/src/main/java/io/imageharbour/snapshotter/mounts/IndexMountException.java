package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.file.Path;

/** The kernel refused to mount the tree of an index snapshot. */
public final class IndexMountException extends HarbourException {

  private static final long serialVersionUID = 1;

  IndexMountException(Path place, IOException cause) {
    super(
        "cannot mount the tree of an index image, "
            + place
            + ": "
            + cause.getMessage()
            + "; harbourctl doctor says what this machine can do",
        cause);
  }
}
