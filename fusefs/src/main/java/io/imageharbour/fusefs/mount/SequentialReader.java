package io.imageharbour.fusefs.mount;

/**
 * Watches the reads of one open file and says how far to fetch ahead: not at all until half a MiB
 * was read in order, then as much again as was read, up to {@link #MAX_AHEAD}. So a file that is
 * read here and there is not fetched ahead. Safe for use by several threads.
 */
final class SequentialReader {

  /** The furthest that is fetched ahead, in bytes. */
  static final long MAX_AHEAD = 16 << 20;

  /** So much has to be read in order before anything is fetched ahead, in bytes. */
  static final long MIN_RUN = 512 << 10;

  /** The kernel sends the reads of its own readahead side by side, so they come a little mixed. */
  private static final long DISORDER = 256 << 10;

  private long end;
  private long run;

  /**
   * Notes a read.
   *
   * @return where to fetch to, in bytes from the begin of the file; nothing is to be fetched ahead
   *     if it is not beyond the read
   */
  synchronized long read(long offset, long length) {
    if (Math.abs(offset - end) <= DISORDER) {
      run += length;
      end = Math.max(end, offset + length);
    } else {
      run = length;
      end = offset + length;
    }
    return run < MIN_RUN ? end : end + Math.min(run, MAX_AHEAD);
  }
}
