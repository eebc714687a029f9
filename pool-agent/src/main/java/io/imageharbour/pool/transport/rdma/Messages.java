package io.imageharbour.pool.transport.rdma;

import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.Ticket;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the two ends tell each other while they connect, big-endian.
 *
 * <pre>
 *   request  int   0x48425231 ("HBR1")
 *            byte  what for: 1 reading, 2 writing
 *            32    the ticket
 *
 *   answer   int   0x48425231
 *            long  address of the staging memory, int its remote key, long its size in bytes;
 *                  all zero for who reads: the regions are in the agent's offer
 * </pre>
 *
 * Whoever is refused gets no answer. Zeros may follow both.
 */
final class Messages {

  static final byte READ = 1;
  static final byte WRITE = 2;

  static final RemoteRegion NO_STAGING = new RemoteRegion(0, 0, 0);

  private static final int MAGIC = 0x48425231;
  private static final int REQUEST = Integer.BYTES + 1 + Ticket.BYTES;
  private static final int ANSWER = Integer.BYTES + Long.BYTES + Integer.BYTES + Long.BYTES;

  private Messages() {}

  /** A request that makes sense. */
  record Request(byte purpose, Ticket ticket) {}

  static byte[] request(byte purpose, Ticket ticket) {
    return ByteBuffer.allocate(REQUEST).putInt(MAGIC).put(purpose).put(ticket.toBytes()).array();
  }

  /** Reads a request; empty if it is none. */
  static Optional<Request> request(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.remaining() < REQUEST || in.getInt() != MAGIC) {
      return Optional.empty();
    }
    byte purpose = in.get();
    return purpose == READ || purpose == WRITE
        ? Optional.of(new Request(purpose, Ticket.read(in)))
        : Optional.empty();
  }

  static byte[] answer(RemoteRegion staging) {
    return ByteBuffer.allocate(ANSWER)
        .putInt(MAGIC)
        .putLong(staging.address())
        .putInt(staging.key())
        .putLong(staging.size())
        .array();
  }

  /** Reads an answer; empty if it is none. */
  static Optional<RemoteRegion> answer(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return in.remaining() < ANSWER || in.getInt() != MAGIC
        ? Optional.empty()
        : Optional.of(new RemoteRegion(in.getLong(), in.getInt(), in.getLong()));
  }
}
