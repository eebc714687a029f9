package io.imageharbour.fusefs.mount;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** What an open file of the content mount is read from. */
sealed interface OpenContent extends AutoCloseable permits WholeFile, GrowingFile {

  /** Size in bytes. */
  long size();

  /**
   * Whether all bytes of this range are here; {@code length} is at least 1 and ends in the file.
   */
  boolean has(long offset, long length);

  /** Brings what is missing of this range, and waits for it. */
  void bring(long offset, long length) throws IOException, InterruptedException;

  /** Fills the buffer from {@code offset}, with bytes that are here. */
  void read(long offset, MemorySegment buffer) throws IOException;

  /** Ends a use of the file; called by each who has it, once. After the last it is closed. */
  @Override
  void close() throws IOException;
}
