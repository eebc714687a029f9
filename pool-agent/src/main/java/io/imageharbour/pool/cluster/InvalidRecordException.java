package io.imageharbour.pool.cluster;

/** A value in etcd is not what stands under such a key; the message says what is wrong. */
final class InvalidRecordException extends Exception {

  private static final long serialVersionUID = 1;

  InvalidRecordException(String message) {
    super(message);
  }

  InvalidRecordException(IllegalArgumentException broken) {
    super(Printable.of(String.valueOf(broken.getMessage())));
  }
}
