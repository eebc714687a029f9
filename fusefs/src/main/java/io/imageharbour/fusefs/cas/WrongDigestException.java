package io.imageharbour.fusefs.cas;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;

/** Bytes that do not have the digest that they were asked for by; they are thrown away. */
public final class WrongDigestException extends HarbourException {

  private static final long serialVersionUID = 1;

  /** {@code bytes} bytes came for {@code expected} and have the digest {@code actual}. */
  public WrongDigestException(Digest expected, Digest actual, long bytes) {
    super("expected " + expected + ", but the " + bytes + " bytes that came have " + actual);
  }
}
