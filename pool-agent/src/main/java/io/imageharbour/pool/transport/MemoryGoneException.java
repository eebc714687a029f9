package io.imageharbour.pool.transport;

/**
 * Memory that can't be read over this channel, which can be used on: the agent has given it back to
 * its host since, or does not offer it by this transport.
 */
public final class MemoryGoneException extends TransportException {

  private static final long serialVersionUID = 1;

  /** With a message that says which. */
  public MemoryGoneException(String message) {
    super(message);
  }
}
