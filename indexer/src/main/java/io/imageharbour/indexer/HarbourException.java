package io.imageharbour.indexer;

import java.io.IOException;

/**
 * A failure that Harbour expects and can explain: the message says what was tried, on what, what
 * came back and what to do. Shown to people without a stack trace.
 */
public class HarbourException extends IOException {

  private static final long serialVersionUID = 1;

  public HarbourException(String message) {
    super(message);
  }

  public HarbourException(String message, Throwable cause) {
    super(message, cause);
  }
}
