package io.imageharbour.pool.transport;

import java.io.IOException;

/** A transport could not read or write an agent's memory. */
public class TransportException extends IOException {

  private static final long serialVersionUID = 1;

  /** With what was tried and what came back. */
  public TransportException(String message) {
    super(message);
  }

  /** With what was tried and why it failed. */
  public TransportException(String message, Throwable cause) {
    super(message, cause);
  }
}
