package io.imageharbour.pool.transport;

import io.imageharbour.pool.memory.Span;
import java.time.Duration;
import java.util.List;

/**
 * A connection that reads an agent's memory, as it was when the connection was made: regions that
 * come later need another one. Reads begin together or one by one, and many may be on their way.
 * Safe for use by several threads.
 *
 * <p>Bytes are as the agent's memory had them, which proves nothing: who reads checks a digest.
 */
public interface ReadChannel extends AutoCloseable {

  /**
   * Takes a buffer for a read, which is to be closed; waits while all are in use.
   *
   * @throws TransportException if the span is in no region, or none became free in time
   */
  RemoteRead prepare(Span span, Duration patience) throws TransportException, InterruptedException;

  /**
   * Begins reads. Each ends on its own, well or not.
   *
   * @param reads that were prepared by this channel and not begun yet
   * @throws TransportException if the channel has failed; none of them goes on then
   */
  void start(List<RemoteRead> reads) throws TransportException;

  /**
   * Waits until a read has ended.
   *
   * @throws MemoryGoneException if the agent does not have that memory any more
   * @throws TransportException if it failed, or took longer than this; it may still end later
   */
  void await(RemoteRead read, Duration patience) throws TransportException, InterruptedException;

  /** Whether it may still be of use; one that has failed is to be closed. */
  boolean isOpen();

  /** Ends it; reads that are on their way fail. */
  @Override
  void close();
}
