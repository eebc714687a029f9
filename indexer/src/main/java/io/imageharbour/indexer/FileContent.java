package io.imageharbour.indexer;

import java.util.List;

/**
 * The content of one or more regular files.
 *
 * @param digest of the whole content
 * @param size in bytes
 * @param chunks the content in order: none for an empty file, one (with the file's own digest) for
 *     a file that lies whole in one frame, several for a big one; their sizes add up to {@code
 *     size}
 */
public record FileContent(Digest digest, long size, List<Chunk> chunks) {

  public FileContent {
    chunks = List.copyOf(chunks);
  }
}
