package io.imageharbour.pool.transport;

import io.imageharbour.pool.linux.SharedMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A client that has said hello to an agent, as transports see it: its ticket, its staging memory,
 * and what it has open. Safe for use by several threads.
 */
public final class Session {

  /** Connections of each kind; a client needs one, so one that has many takes them from others. */
  private static final int MAX_CONNECTIONS = 8;

  private final Ticket ticket;
  private final List<Runnable> readConnections = new ArrayList<>();
  private final List<Runnable> writeConnections = new ArrayList<>();
  private Optional<SharedMemory> staging = Optional.empty();
  private boolean ended;

  /** A session that has this ticket. */
  public Session(Ticket ticket) {
    this.ticket = ticket;
  }

  /** What the client shows. */
  public Ticket ticket() {
    return ticket;
  }

  /** Where the client may write, while it has something to write. */
  public synchronized Optional<SharedMemory> staging() {
    return staging;
  }

  /** Lets the client write into this memory, which belongs to the caller. */
  public synchronized void openStaging(SharedMemory memory) {
    staging = Optional.of(memory);
  }

  /** Ends connections that write, and then gives back the memory they wrote to. */
  public Optional<SharedMemory> closeStaging() {
    List<Runnable> ends;
    Optional<SharedMemory> memory;
    synchronized (this) {
      memory = staging;
      staging = Optional.empty();
      ends = List.copyOf(writeConnections);
      writeConnections.clear();
    }
    ends.forEach(Runnable::run);
    return memory;
  }

  /**
   * Takes note of a connection.
   *
   * @param end ends it, from whatever thread, and returns when it does not touch memory any more
   * @return false if the session has ended already, or has too many
   */
  public synchronized boolean addReader(Runnable end) {
    return !ended && readConnections.size() < MAX_CONNECTIONS && readConnections.add(end);
  }

  /** The same for a connection that writes; false if there is no staging memory, too. */
  public synchronized boolean addWriter(Runnable end) {
    return !ended
        && staging.isPresent()
        && writeConnections.size() < MAX_CONNECTIONS
        && writeConnections.add(end);
  }

  /** Forgets a connection that has ended by itself. */
  public synchronized void remove(Runnable end) {
    readConnections.remove(end);
    writeConnections.remove(end);
  }

  /** Ends all connections; the staging memory must be taken back before. */
  public void end() {
    List<Runnable> ends;
    synchronized (this) {
      ended = true;
      ends = List.copyOf(readConnections);
      readConnections.clear();
    }
    ends.forEach(Runnable::run);
  }
}
