package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Digest;
import java.util.List;

/**
 * The content of a file that packs hold.
 *
 * @param digest of the whole content
 * @param size in bytes
 * @param chunks the content in order, none if it is empty
 */
public record PackedFile(Digest digest, long size, List<PackedChunk> chunks) {

  public PackedFile {
    chunks = List.copyOf(chunks);
  }
}
