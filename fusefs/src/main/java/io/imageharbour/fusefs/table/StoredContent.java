package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;
import java.util.List;

/**
 * A content that some image needs.
 *
 * @param row its number: stable over restarts, never used again for another digest
 * @param digest of the whole content
 * @param size in bytes
 * @param layouts where images say that its parts lie; at least one, each a list of chunks in order
 *     (none for the empty content), always cut in the same way
 */
public record StoredContent(long row, Digest digest, long size, List<List<StoredChunk>> layouts) {

  public StoredContent {
    layouts = List.copyOf(layouts);
  }
}
