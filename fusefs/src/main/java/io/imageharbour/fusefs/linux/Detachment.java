package io.imageharbour.fusefs.linux;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Makes a daemon of this process, in two steps of which the second does not fail for want of room.
 */
public final class Detachment implements AutoCloseable {

  private static final int STANDARD_OUTPUT = 1;
  private static final int STANDARD_ERROR = 2;
  private static final int O_TRUNC = 01000;
  private static final int LOG_MODE = 0600;

  /** So much of the log can be written when the disk is full, and says so. */
  private static final int LOG_RESERVE_BYTES = 256 << 10;

  private final OpenFile log;

  private Detachment(OpenFile log) {
    this.log = log;
  }

  /**
   * Takes room for a log on the disk, where its file system can do that.
   *
   * @param log emptied first, if it is there
   */
  public static Detachment prepare(Path log) throws IOException {
    OpenFile file = OpenFile.open(log, OpenFile.O_WRONLY | OpenFile.O_CREAT | O_TRUNC, LOG_MODE);
    try {
      file.reserve(LOG_RESERVE_BYTES);
    } catch (LinuxException e) {
      if (e.errno() != Errno.EOPNOTSUPP) {
        file.close();
        throw e;
      }
    }
    return new Detachment(file);
  }

  /**
   * Puts this process into a session of its own, and sends its standard error to the log and its
   * standard output nowhere. Who reads the latter sees its end. For a process that leads no group,
   * such as one that another program of Java started.
   */
  public void detach() throws IOException {
    check("setsid", "", Libc.setsid());
    try (OpenFile nowhere = OpenFile.open(Path.of("/dev/null"), OpenFile.O_WRONLY)) {
      check("dup2", log.toString(), Libc.dup2(log.number(), STANDARD_ERROR));
      check("dup2", "/dev/null", Libc.dup2(nowhere.number(), STANDARD_OUTPUT));
    }
  }

  @Override
  public void close() {
    log.close();
  }

  private static void check(String call, String subject, int result) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(call, subject, -result);
    }
  }
}
