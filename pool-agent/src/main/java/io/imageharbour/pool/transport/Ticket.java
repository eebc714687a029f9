package io.imageharbour.pool.transport;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;

/**
 * What a client shows on a transport to prove that it has said hello to the agent: the number of
 * its session, and a secret. Its text shows the number only.
 */
public final class Ticket {

  /** Length in bytes. */
  public static final int BYTES = 32;

  private static final int SECRET_BYTES = BYTES - Long.BYTES;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final long session;
  private final byte[] secret;

  private Ticket(long session, byte[] secret) {
    this.session = session;
    this.secret = secret;
  }

  /** A new ticket for a session. */
  public static Ticket issue(long session) {
    byte[] secret = new byte[SECRET_BYTES];
    RANDOM.nextBytes(secret);
    return new Ticket(session, secret);
  }

  /** Reads a ticket from the next {@link #BYTES} bytes. */
  public static Ticket read(ByteBuffer bytes) {
    long session = bytes.getLong();
    byte[] secret = new byte[SECRET_BYTES];
    bytes.get(secret);
    return new Ticket(session, secret);
  }

  /** The session that it claims to be for. */
  public long session() {
    return session;
  }

  /** All {@link #BYTES} bytes. */
  public byte[] toBytes() {
    return ByteBuffer.allocate(BYTES).putLong(session).put(secret).array();
  }

  /** Takes the same time wherever the two differ. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Ticket ticket
        && session == ticket.session
        && MessageDigest.isEqual(secret, ticket.secret);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(session);
  }

  @Override
  public String toString() {
    return "ticket of session " + session;
  }
}
