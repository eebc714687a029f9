package io.imageharbour.fusefs;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes a chunk that a {@link ContentSource} brings, and verifies it. For use by one thread. */
@FunctionalInterface
public interface ChunkReceiver {

  /**
   * Takes the wanted chunk. The buffer's remaining bytes are the chunk; they are consumed before
   * the call returns, so the source may use the buffer again.
   *
   * @return false if the bytes do not have the chunk's digest; the source may have others
   * @throws IOException if the bytes are right, but could not be stored
   */
  boolean accept(ByteBuffer bytes) throws IOException;
}
