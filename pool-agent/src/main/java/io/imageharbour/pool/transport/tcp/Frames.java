package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Ticket;

/**
 * What client and agent say to each other on a TCP connection. Integers are big-endian.
 *
 * <pre>
 * client   4 bytes MAGIC; 1 byte: READ or WRITE, for the whole connection; 32 bytes: the ticket
 * agent    1 byte: OK, or REFUSED and the end
 * client   requests, any number without waiting:
 *            READ   4 bytes: region; 8: offset; 4: length
 *            WRITE  4 bytes: 0; 8: offset in the staging memory; 4: length; the bytes
 * agent    an answer to each, in the same order: OK and, to READ, the bytes; or REFUSED
 * </pre>
 */
final class Frames {

  /** "HBP1". */
  static final int MAGIC = 0x48425031;

  static final byte READ = 1;
  static final byte WRITE = 2;
  static final byte OK = 1;
  static final byte REFUSED = 2;

  /** Length of what a client says first, in bytes. */
  static final int HELLO = Integer.BYTES + 1 + Ticket.BYTES;

  /** Length of a request without the bytes to write, in bytes. */
  static final int REQUEST = Integer.BYTES + Long.BYTES + Integer.BYTES;

  private Frames() {}

  /** Whether a span may be made of these. */
  static boolean isSpan(int region, long offset, int length) {
    return region >= 0 && offset >= 0 && length >= 1 && length <= Span.MAX_LENGTH;
  }
}
