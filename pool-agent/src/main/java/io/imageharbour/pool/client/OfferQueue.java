package io.imageharbour.pool.client;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Contents on their way to agents. A thread brings them, many at once to each agent. Bounded by
 * bytes: what does not fit is dropped, because nobody waits for it, unless its bringer does. Safe
 * for use by many threads.
 */
final class OfferQueue implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(OfferQueue.class);

  /** So many bytes may wait. */
  static final long MAX_BYTES = 16 << 20;

  /** Memory that a content takes besides its bytes, about. */
  private static final int OVERHEAD = 128;

  /** A batch for one agent has so many bytes and contents at most: its staging memory. */
  private static final long BATCH_BYTES = 3 << 20;

  private static final int BATCH_CONTENTS = 512;

  /** A small batch waits so long for more. */
  private static final long GATHER_MILLIS = 20;

  /** After so long without contents what agents have staged is let go of. */
  private static final long IDLE_SECONDS = 5;

  /** After so long whoever waits looks again, also if nobody woke it. */
  private static final long LONGEST_WAIT_MILLIS = 100;

  private final Function<Digest, List<AgentLink>> agentsOf;
  private final LinkedBlockingQueue<Offered> queue = new LinkedBlockingQueue<>();
  private final AtomicLong waiting = new AtomicLong();
  private final AtomicLong pending = new AtomicLong();
  private final LongAdder offered = new LongAdder();
  private final LongAdder stored = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private final Map<AgentLink, ContentWriter> writers = new HashMap<>();
  private final PoolConfig config;
  private final Thread thread;

  /**
   * A content that waits.
   *
   * @param image that it was read for, if that is known
   */
  record Offered(Digest digest, MemorySegment bytes, Optional<Digest> image) {
    int size() {
      return (int) bytes.byteSize();
    }
  }

  /** A queue for the agents that {@code agentsOf} names for each content. */
  OfferQueue(PoolConfig config, Function<Digest, List<AgentLink>> agentsOf) {
    this.config = config;
    this.agentsOf = agentsOf;
    thread = Thread.ofPlatform().daemon().name("pool-offers").start(this::run);
  }

  /** Takes a content, or drops it if too much is under way. */
  void offer(Digest digest, ByteBuffer content, Optional<Digest> image) {
    offered.increment();
    if (reserve(content.remaining())) {
      add(digest, content, image);
    } else {
      dropped.increment();
    }
  }

  /** Takes a content; waits for that while too much is under way. */
  void put(Digest digest, ByteBuffer content) throws InterruptedException {
    offered.increment();
    synchronized (pending) {
      while (!reserve(content.remaining())) {
        if (!thread.isAlive()) {
          dropped.increment();
          return;
        }
        pending.wait(LONGEST_WAIT_MILLIS);
      }
    }
    add(digest, content, Optional.empty());
  }

  private boolean reserve(int bytes) {
    long size = (long) bytes + OVERHEAD;
    if (waiting.addAndGet(size) > MAX_BYTES) {
      waiting.addAndGet(-size);
      return false;
    }
    return true;
  }

  private void add(Digest digest, ByteBuffer content, Optional<Digest> image) {
    byte[] copy = new byte[content.remaining()];
    content.duplicate().get(copy);
    pending.incrementAndGet();
    boolean unused = queue.offer(new Offered(digest, MemorySegment.ofArray(copy), image));
  }

  boolean awaitIdle(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (pending) {
      while (pending.get() > 0) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return false;
        }
        pending.wait(Math.min(left, LONGEST_WAIT_MILLIS));
      }
    }
    return true;
  }

  long offered() {
    return offered.sum();
  }

  long stored() {
    return stored.sum();
  }

  long dropped() {
    return dropped.sum();
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(config.callTimeout());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (true) {
        bring(gather());
      }
    } catch (InterruptedException e) {
      log.trace("event=offers-end");
    } finally {
      closeWriters();
    }
  }

  /** Staging memory of an agent stays as long as anybody has it, even if the agent is gone. */
  private void closeWriters() {
    writers.values().forEach(ContentWriter::close);
    writers.clear();
  }

  /** Waits for contents; a few at once are worth a short wait. */
  private List<Offered> gather() throws InterruptedException {
    List<Offered> batch = new ArrayList<>();
    batch.add(next());
    long bytes = batch.getFirst().size();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GATHER_MILLIS);
    while (bytes < BATCH_BYTES && batch.size() < BATCH_CONTENTS) {
      Optional<Offered> next =
          Optional.ofNullable(queue.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
      if (next.isEmpty()) {
        break;
      }
      batch.add(next.get());
      bytes += next.get().size();
    }
    return batch;
  }

  private Offered next() throws InterruptedException {
    Optional<Offered> next = Optional.ofNullable(queue.poll(IDLE_SECONDS, TimeUnit.SECONDS));
    if (next.isPresent()) {
      return next.get();
    }
    closeWriters();
    return queue.take();
  }

  private void bring(List<Offered> batch) throws InterruptedException {
    Map<AgentLink, List<Offered>> byAgent = new HashMap<>();
    for (Offered content : batch) {
      for (AgentLink link : agentsOf.apply(content.digest())) {
        byAgent.computeIfAbsent(link, unused -> new ArrayList<>()).add(content);
      }
    }
    for (Map.Entry<AgentLink, List<Offered>> each : byAgent.entrySet()) {
      try {
        int taken =
            writers
                .computeIfAbsent(each.getKey(), link -> new ContentWriter(link, config))
                .write(each.getValue());
        stored.add(taken);
      } catch (RuntimeException e) {
        // a bug must not end what is brought to the other agents
        dropped.add(each.getValue().size());
        log.error("event=offers-broken agent={}", each.getKey().agent().id(), e);
      } catch (IOException e) {
        dropped.add(each.getValue().size());
        log.debug(
            "event=offers-dropped agent={} cause=\"{}\"",
            each.getKey().agent().id(),
            e.getMessage());
      }
    }
    for (Offered content : batch) {
      waiting.addAndGet(-(long) content.size() - OVERHEAD);
    }
    synchronized (pending) {
      pending.addAndGet(-batch.size());
      pending.notifyAll();
    }
  }
}
