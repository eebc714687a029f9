package io.imageharbour.pool.transport;

import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * A connection that writes into the staging memory that an agent keeps for one session. Belongs to
 * one thread at a time.
 */
public interface WriteChannel extends AutoCloseable {

  /**
   * Writes; returns when the bytes are in the agent's memory.
   *
   * @param offset in the session's staging memory, in bytes
   * @param bytes at most {@link io.imageharbour.pool.memory.Span#MAX_LENGTH}
   * @throws TransportException if they did not get there in time; the channel is to be closed then
   */
  void write(long offset, MemorySegment bytes, Duration patience)
      throws TransportException, InterruptedException;

  @Override
  void close();
}
