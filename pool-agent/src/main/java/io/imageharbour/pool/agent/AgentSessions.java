package io.imageharbour.pool.agent;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Ticket;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clients that have said hello. One that is silent for too long is forgotten, with all that it
 * had open; staging memory that is not used is given back. Safe for use by several threads.
 */
final class AgentSessions implements Sessions, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(AgentSessions.class);

  /** Staging memory of a session in bytes. */
  static final long STAGING = 4 << 20;

  private static final int MAX_SESSIONS = 4096;

  private final Duration silence;
  private final Duration idleStaging;
  private final long stagingLimit;
  private final AtomicLong lastNumber = new AtomicLong();
  private final AtomicLong staging = new AtomicLong();
  private final ConcurrentMap<Long, AgentSession> sessions = new ConcurrentHashMap<>();
  private final ScheduledExecutorService sweeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("sessions").factory());

  /**
   * Sessions.
   *
   * @param silence after so long a session ends of which nothing is heard
   * @param idleStaging after so long unused staging memory is given back
   * @param stagingLimit bytes of staging memory that all sessions may have together
   */
  AgentSessions(Duration silence, Duration idleStaging, long stagingLimit) {
    this.silence = silence;
    this.idleStaging = idleStaging;
    this.stagingLimit = stagingLimit;
    long period = Math.max(10, Math.min(silence.toMillis(), idleStaging.toMillis()) / 4);
    var unused = sweeper.scheduleWithFixedDelay(this::sweep, period, period, TimeUnit.MILLISECONDS);
  }

  /** So long a client may be silent. */
  Duration silence() {
    return silence;
  }

  /** Begins a session; empty if there are too many. */
  Optional<AgentSession> begin(String client) {
    if (sessions.size() >= MAX_SESSIONS) {
      return Optional.empty();
    }
    long number = lastNumber.incrementAndGet();
    AgentSession session =
        new AgentSession(client, new Session(Ticket.issue(number)), System.nanoTime());
    sessions.put(number, session);
    log.info("event=session-began session={} client={}", number, client);
    return Optional.of(session);
  }

  /** The session of a ticket, which is heard of now. */
  Optional<AgentSession> findAgentSession(Ticket ticket) {
    AgentSession session = sessions.get(ticket.session());
    if (session == null || !session.transports().ticket().equals(ticket)) {
      return Optional.empty();
    }
    session.heard(System.nanoTime());
    return Optional.of(session);
  }

  @Override
  public Optional<Session> find(Ticket ticket) {
    return findAgentSession(ticket).map(AgentSession::transports);
  }

  /**
   * Sees to it that a session has staging memory.
   *
   * @return false if all there may be is in use, or the session has ended
   * @throws IOException if the host does not give it
   */
  boolean openStaging(AgentSession session) throws IOException {
    synchronized (session) {
      // one that has ended gives nothing back any more
      if (sessions.get(session.transports().ticket().session()) != session) {
        return false;
      }
      session.writes(System.nanoTime());
      if (session.transports().staging().isPresent()) {
        return true;
      }
      if (staging.addAndGet(STAGING) > stagingLimit) {
        staging.addAndGet(-STAGING);
        return false;
      }
      try {
        session.transports().openStaging(SharedMemory.createWritable("harbour-staging", STAGING));
        session.staged();
        return true;
      } catch (IOException e) {
        staging.addAndGet(-STAGING);
        throw e;
      }
    }
  }

  /** Ends a session. */
  void end(AgentSession session, String cause) {
    if (sessions.remove(session.transports().ticket().session(), session)) {
      closeStaging(session);
      session.transports().end();
      log.info(
          "event=session-ended session={} client={} cause=\"{}\"",
          session.transports().ticket().session(),
          session.client(),
          cause);
    }
  }

  /** How many there are. */
  int size() {
    return sessions.size();
  }

  /** Bytes of staging memory that are in use. */
  long staging() {
    return staging.get();
  }

  @Override
  public void close() {
    sweeper.shutdownNow();
    sessions.values().forEach(session -> end(session, "the agent stops"));
  }

  private void sweep() {
    try {
      long now = System.nanoTime();
      for (AgentSession session : sessions.values()) {
        if (session.isSilentSince(now - silence.toNanos())) {
          end(session, "nothing was heard for " + silence);
        } else if (session.hasIdleStagingSince(now - idleStaging.toNanos())) {
          closeStaging(session);
        }
      }
    } catch (RuntimeException e) {
      // the next sweep has another chance; without it sessions would leak for ever
      log.error("event=sweep-failed", e);
    }
  }

  private void closeStaging(AgentSession session) {
    Optional<SharedMemory> memory;
    synchronized (session) {
      session.forgetBatch();
      memory = session.transports().closeStaging();
    }
    if (memory.isPresent()) {
      memory.get().close();
      staging.addAndGet(-STAGING);
    }
  }
}
