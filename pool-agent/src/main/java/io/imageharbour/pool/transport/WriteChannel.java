package io.imageharbour.pool.transport;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * A connection that writes into the staging memory that an agent keeps for one session. Belongs to
 * one thread at a time.
 */
public interface WriteChannel extends AutoCloseable {

  /**
   * Bytes, and where they are to go.
   *
   * @param offset in the session's staging memory, in bytes
   * @param bytes 1 to {@link io.imageharbour.pool.memory.Span#MAX_LENGTH} of them, from anywhere
   */
  record Piece(long offset, MemorySegment bytes) {}

  /**
   * Writes; returns when all bytes are in the agent's memory.
   *
   * @param pieces at most as many as one batch has: their acknowledgements wait for one another
   * @param patience for all together
   * @throws TransportException if they did not get there in time; the channel is to be closed then,
   *     and any of them may have got there
   */
  void write(List<Piece> pieces, Duration patience) throws TransportException, InterruptedException;

  @Override
  void close();
}
