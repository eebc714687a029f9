package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.HarbourException;

/** An index that this process has not the memory to read. */
public final class IndexTooLargeException extends HarbourException {

  private static final long serialVersionUID = 1;

  IndexTooLargeException(long bytes, long limit) {
    super(
        "cannot read an index of %d bytes: with its heap harbourd takes at most %d; start it with HARBOUR_JAVA_OPTIONS=-Xmx%dm or more"
            .formatted(bytes, limit, (bytes * IndexMemory.HEAP_PER_INDEX_BYTE >> 20) + 1));
  }
}
