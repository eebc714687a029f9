package io.imageharbour.pool.transport;

import java.util.Optional;

/** Who a ticket belongs to. Safe for use by several threads. */
@FunctionalInterface
public interface Sessions {

  /** The session of a ticket, if the agent has given it out and the session lasts. */
  Optional<Session> find(Ticket ticket);
}
