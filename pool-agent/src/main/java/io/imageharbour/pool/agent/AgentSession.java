package io.imageharbour.pool.agent;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.transport.Session;
import java.util.List;
import java.util.Optional;

/** A client's session: what transports know of it, and what it is about to write. */
final class AgentSession {

  private final String client;
  private final Session session;
  private long lastHeard;
  private long lastWrote;
  private long batches;
  private long stagings;
  private Optional<Batch> batch = Optional.empty();

  /**
   * Contents that the client writes into the session's staging memory.
   *
   * @param number names the batch
   */
  record Batch(long number, List<Staged> contents) {
    Batch {
      contents = List.copyOf(contents);
    }
  }

  /**
   * A content, and where it is to be in the staging memory.
   *
   * @param offset in bytes
   * @param size in bytes
   */
  record Staged(Digest digest, long offset, int size) {}

  AgentSession(String client, Session session, long now) {
    this.client = client;
    this.session = session;
    lastHeard = now;
  }

  /** For people. */
  String client() {
    return client;
  }

  Session transports() {
    return session;
  }

  synchronized void heard(long now) {
    lastHeard = now;
  }

  /** Whether nothing was heard since then, as {@link System#nanoTime} counts. */
  synchronized boolean isSilentSince(long then) {
    return lastHeard - then < 0;
  }

  /** Names the staging memory that it has, among those that it had. */
  synchronized long staging() {
    return stagings;
  }

  /** Takes note of new staging memory. */
  synchronized void staged() {
    stagings++;
  }

  /** Takes note that staging memory is about to be used. */
  synchronized void writes(long now) {
    lastWrote = now;
  }

  /** Begins a batch; one that was not committed is given up. */
  synchronized Batch begin(List<Staged> contents, long now) {
    lastWrote = now;
    Batch begun = new Batch(++batches, contents);
    batch = Optional.of(begun);
    return begun;
  }

  /** Takes the batch of this number, once. */
  synchronized Optional<Batch> take(long number, long now) {
    lastWrote = now;
    Optional<Batch> taken = batch.filter(b -> b.number() == number);
    if (taken.isPresent()) {
      batch = Optional.empty();
    }
    return taken;
  }

  /** Whether it has staging memory and did not use it since then. */
  synchronized boolean hasIdleStagingSince(long then) {
    return session.staging().isPresent() && lastWrote - then < 0;
  }

  synchronized void forgetBatch() {
    batch = Optional.empty();
  }
}
