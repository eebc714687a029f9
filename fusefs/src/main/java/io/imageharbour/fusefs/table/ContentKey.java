package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * All that an index says of a content apart from where it lies. Images that say the same share a
 * row. One that lies about a size or about chunks has a row of its own, and so its bytes never meet
 * those of another image before they have passed the digest of the whole. Written as
 *
 * <pre>
 * | digest(32) | size(8) | cut(32) |
 * </pre>
 *
 * @param digest of the whole content
 * @param size in bytes
 * @param cut into which chunks: the SHA-256 of their digests and sizes in order; {@link #UNCUT} of
 *     a content of one chunk or none
 */
record ContentKey(Digest digest, long size, Digest cut) {

  static final int BYTES = 2 * Digest.BYTES + Long.BYTES;

  /** Not the content's own digest: somebody might make a file of a list of chunks. */
  private static final Digest UNCUT = Digest.EMPTY;

  static ContentKey of(FileContent content) {
    return new ContentKey(
        content.digest(),
        content.size(),
        content.chunks().size() > 1 ? cut(content.chunks()) : UNCUT);
  }

  /** Of a file of one chunk. */
  static ContentKey ofOneChunk(Digest digest, long size) {
    return new ContentKey(digest, size, UNCUT);
  }

  static ContentKey read(ByteBuffer from) {
    return new ContentKey(Bytes.digest(from), from.getLong(), Bytes.digest(from));
  }

  /** Writes it into a buffer of at least {@link #BYTES}, as a key. */
  ByteBuffer write(ByteBuffer target) {
    return put(target.clear()).flip();
  }

  ByteBuffer put(ByteBuffer target) {
    return Bytes.put(Bytes.put(target, digest).putLong(size), cut);
  }

  private static Digest cut(List<Chunk> chunks) {
    ByteBuffer bytes = ByteBuffer.allocate((Digest.BYTES + Integer.BYTES) * chunks.size());
    for (Chunk chunk : chunks) {
      Bytes.put(bytes, chunk.digest()).putInt(chunk.size());
    }
    return Digest.sha256(bytes.flip());
  }
}
