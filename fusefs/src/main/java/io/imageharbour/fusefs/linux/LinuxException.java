package io.imageharbour.fusefs.linux;

import io.imageharbour.indexer.HarbourException;

/** A system call that failed. */
public final class LinuxException extends HarbourException {

  private static final long serialVersionUID = 1;

  private final int errno;

  /**
   * A failure of {@code call} on {@code subject}.
   *
   * @param call name of the system call, such as {@code mount}
   * @param subject what it was called on: a path, or a path and its options
   * @param errno what came back, a number of {@link Errno}
   */
  public LinuxException(String call, String subject, int errno) {
    super(call + " " + subject + ": " + Errno.describe(errno));
    this.errno = errno;
  }

  /** The error number, as in errno(3). */
  public int errno() {
    return errno;
  }
}
