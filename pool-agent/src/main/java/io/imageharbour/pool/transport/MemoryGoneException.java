package io.imageharbour.pool.transport;

/**
 * The agent has given the memory back to its host since the channel was opened. What was there is
 * not to be had any more, and the channel can be used on.
 */
public final class MemoryGoneException extends TransportException {

  private static final long serialVersionUID = 1;

  MemoryGoneException(String message) {
    super(message);
  }
}
