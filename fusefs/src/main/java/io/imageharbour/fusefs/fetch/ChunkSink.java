package io.imageharbour.fusefs.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A place for one chunk. */
public interface ChunkSink {

  /** Whether the chunk is there. */
  boolean isFilled() throws IOException;

  /**
   * Stores the chunk, which has passed its digest: what remains in the buffer, which is only valid
   * during the call.
   */
  void store(ByteBuffer verified) throws IOException;
}
