package io.imageharbour.pool.cluster;

/**
 * etcd gave no answer, or refused; the message says what was asked, of whom, and what came back.
 * What was asked may have been done all the same. It may work later.
 */
public final class EtcdUnavailableException extends Exception {

  private static final long serialVersionUID = 1;

  private final boolean tooLarge;

  EtcdUnavailableException(String message, boolean tooLarge) {
    super(message);
    this.tooLarge = tooLarge;
  }

  EtcdUnavailableException(String message) {
    this(message, false);
  }

  /** Whether the answer was larger than a message may be. */
  boolean tooLarge() {
    return tooLarge;
  }
}
