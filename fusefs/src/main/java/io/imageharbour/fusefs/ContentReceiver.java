package io.imageharbour.fusefs;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes what a {@link ContentSource} brings, verifies it and keeps what is of use. A source hands
 * over chunks or frames, whichever it has. For use by one thread at a time.
 */
public interface ContentReceiver {

  /**
   * Takes the wanted chunk. The buffer's remaining bytes are the chunk; they are consumed before
   * the call returns, so the source may use the buffer again.
   *
   * @return false if the bytes do not have the chunk's digest; the source may have others
   * @throws IOException if the bytes are right, but could not be stored
   */
  boolean accept(ByteBuffer bytes) throws IOException;

  /**
   * Takes a frame as it lies in its pack: that of the wanted chunk, or one that follows it.
   *
   * @param frame one of the locations of the {@link WantedChunk}
   * @param compressed its bytes, which stay as they are from now on
   * @throws IOException if the wanted chunk is not in it, or could not be stored; or if a frame
   *     that follows could not be kept, so that more of them are of no use
   */
  void acceptFrame(FrameLocation frame, byte[] compressed) throws IOException;
}
