package io.imageharbour.pool.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/** A client's side of a transport. Safe for use by several threads. */
public interface Transport extends AutoCloseable {

  /** Its name in configurations, offers and metrics. */
  String name();

  /** Whether an agent that made this offer can be reached by this transport. */
  boolean reaches(Offer offer);

  /**
   * Connects for reading.
   *
   * @param sizes in bytes, of the regions that the agent has, by number
   * @throws IOException if the agent can't be reached in time, or refuses
   */
  ReadChannel openForReading(Offer offer, Map<Integer, Long> sizes, Duration patience)
      throws IOException, InterruptedException;

  /**
   * Connects for writing into the session's staging memory, which the agent has made for it.
   *
   * @param stagingSize in bytes
   * @throws IOException if the agent can't be reached in time, or refuses
   */
  WriteChannel openForWriting(Offer offer, long stagingSize, Duration patience)
      throws IOException, InterruptedException;

  @Override
  void close();
}
