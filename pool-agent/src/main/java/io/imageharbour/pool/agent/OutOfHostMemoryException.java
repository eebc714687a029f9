package io.imageharbour.pool.agent;

import io.imageharbour.indexer.HarbourException;

/** The host does not give the memory that was asked for. */
public final class OutOfHostMemoryException extends HarbourException {

  private static final long serialVersionUID = 1;

  OutOfHostMemoryException(String message) {
    super(message);
  }

  OutOfHostMemoryException(String message, Throwable cause) {
    super(message, cause);
  }
}
