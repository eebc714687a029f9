package io.imageharbour.pool.linux;

import java.io.IOException;

/** A call of the C library failed. */
public final class SystemCallException extends IOException {

  private static final long serialVersionUID = 1;

  /** {@code EAGAIN}: nothing came within the time that the socket waits. */
  public static final int EAGAIN = 11;

  /** {@code ENOMEM}: not as much memory, or not allowed to lock it. */
  public static final int ENOMEM = 12;

  /** {@code ECONNREFUSED}: nobody listens there. */
  public static final int ECONNREFUSED = 111;

  private final int errno;

  SystemCallException(String call, int errno, String text) {
    super(call + ": " + text);
    this.errno = errno;
  }

  /** The error number. */
  public int errno() {
    return errno;
  }
}
