package io.imageharbour.pool.transport;

/**
 * An agent's side of a transport: lets clients that have said hello read the regions, and write
 * into their own staging memory. Safe for use by several threads.
 */
public interface TransportServer extends AutoCloseable {

  /** What a client is told; empty fields are filled in by the client. */
  Offer offer(Session session);

  /** Ends all connections, and waits until none touches memory any more. */
  @Override
  void close();
}
