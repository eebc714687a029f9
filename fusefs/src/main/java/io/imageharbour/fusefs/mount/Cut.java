package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.util.List;

/**
 * How a file is cut, wherever its chunks lie.
 *
 * @param pieces in order
 */
record Cut(List<Piece> pieces) {

  /**
   * A piece of a file.
   *
   * @param digest of its bytes
   * @param size in bytes
   */
  record Piece(Digest digest, int size) {}

  Cut {
    pieces = List.copyOf(pieces);
  }

  /** The cut of a file that lies like this. */
  static Cut of(List<StoredChunk> layout) {
    return new Cut(layout.stream().map(chunk -> new Piece(chunk.digest(), chunk.size())).toList());
  }
}
