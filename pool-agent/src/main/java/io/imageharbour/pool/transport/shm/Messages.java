package io.imageharbour.pool.transport.shm;

import io.imageharbour.pool.transport.Ticket;
import java.nio.ByteBuffer;

/**
 * What agent and client say to each other on the unix socket. Integers are big-endian.
 *
 * <pre>
 * client   1 byte: READ or WRITE; 32 bytes: the ticket
 * agent    a message for each region, or for the staging memory, which goes with it:
 *            4 bytes: the region's number (0 for staging); 8 bytes: its size
 *          at the end, or if the agent refuses, a message of one byte: DONE or REFUSED
 * </pre>
 *
 * After that nothing is said; that the socket is open means that agent and client are there.
 */
final class Messages {

  static final byte READ = 1;
  static final byte WRITE = 2;
  static final byte DONE = 1;
  static final byte REFUSED = 2;

  /** Length of the client's message in bytes. */
  static final int HELLO = 1 + Ticket.BYTES;

  /** Length of the message that goes with memory, in bytes. */
  static final int REGION = Integer.BYTES + Long.BYTES;

  private Messages() {}

  static ByteBuffer hello(byte purpose, Ticket ticket) {
    return ByteBuffer.allocate(HELLO).put(purpose).put(ticket.toBytes()).flip();
  }

  static ByteBuffer region(int number, long size) {
    return ByteBuffer.allocate(REGION).putInt(number).putLong(size).flip();
  }

  static ByteBuffer end(byte result) {
    return ByteBuffer.allocate(1).put(result).flip();
  }
}
