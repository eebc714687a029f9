package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes chunks from a {@link ContentSource}, verifies them and keeps them. */
@FunctionalInterface
public interface ChunkReceiver {

  /**
   * Takes a chunk that claims to have this digest. The buffer's remaining bytes are the chunk; they
   * are consumed before the call returns, so the source may use the buffer again.
   *
   * @throws IOException if the bytes do not have the digest, or could not be stored
   */
  void accept(Digest digest, ByteBuffer bytes) throws IOException;
}
