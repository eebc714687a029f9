package io.imageharbour.fusefs;

import java.io.IOException;

/**
 * Takes what a {@link ContentSource} brings, verifies it and keeps what is of use. A source hands
 * over chunks or frames, whichever it has. For use by one thread at a time.
 */
public interface ContentReceiver extends ChunkReceiver {

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
