package io.imageharbour.pool.agent;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** What a client wrote does not have the digest that it named. */
public final class WrongContentException extends HarbourException {

  private static final long serialVersionUID = 1;

  WrongContentException(Digest expected, Digest actual, int size) {
    super("expected %s, but the %d bytes are %s".formatted(expected, size, actual));
  }
}
