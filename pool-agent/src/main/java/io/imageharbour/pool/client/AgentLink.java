package io.imageharbour.pool.client;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.Backoff;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.proto.GoodbyeRequest;
import io.imageharbour.pool.proto.HelloReply;
import io.imageharbour.pool.proto.HelloRequest;
import io.imageharbour.pool.proto.ReportReply;
import io.imageharbour.pool.proto.ReportRequest;
import io.imageharbour.pool.proto.UsedReply;
import io.imageharbour.pool.proto.UsedRequest;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One agent as a client sees it: connected, or not. A thread of its own connects, tells the agent
 * what was read, and connects anew when the agent's memory has changed or the agent was restarted.
 * After a few failures in a row nobody is made to wait for the agent any more, until it has
 * answered that thread (a circuit breaker); nor while that thread looks whether it answers at all,
 * after a read in a hurry was in vain. Safe for use by many threads.
 *
 * <p>An agent whose memory can be read is used, even if the agent itself says nothing.
 */
final class AgentLink implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(AgentLink.class);

  /** So many reads may fail in a row. */
  private static final int MAX_FAILURES = 3;

  /** So many reports may go unanswered in a row by an agent that is not there. */
  private static final int MAX_SILENT_REPORTS = 3;

  /** After so long without an answer the memory of an agent is let go of. */
  private static final Duration MAX_SILENCE = Duration.ofMinutes(5);

  private static final Duration MOST_PAUSE = Duration.ofSeconds(15);
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(2);

  /** Digests that are told of at once; what was read besides is not told of. */
  private static final int MAX_REPORTED = 4096;

  private static final int MAX_SUSPECTS = 64;

  private final AgentAddress agent;
  private final PoolConfig config;
  private final AgentChannel channel;
  private final List<Transport> transports;
  private final Queue<Digest> read = new ArrayBlockingQueue<>(MAX_REPORTED);
  private final Queue<Digest> suspects = new ArrayBlockingQueue<>(MAX_SUSPECTS);
  private final AtomicInteger failuresInARow = new AtomicInteger();
  private final Doubts doubts = new Doubts();
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder wrong = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final Thread thread;
  private volatile Optional<Connected> connected = Optional.empty();
  private volatile boolean closed;
  private String lastComplaint = "";

  /** What the agent knows of the reads; the thread's own. */
  private Told told = new Told(0, 0, 0);

  /** Sums of what was read. */
  private record Told(long hits, long bytes, long misses) {}

  /**
   * A link that begins to connect.
   *
   * @param channel to the agent; belongs to the link from now on
   * @param transports the best first; the caller's to close, after this
   */
  AgentLink(
      AgentAddress agent, PoolConfig config, AgentChannel channel, List<Transport> transports) {
    this.agent = agent;
    this.config = config;
    this.channel = channel;
    this.transports = List.copyOf(transports);
    thread = Thread.ofPlatform().daemon().name("pool-" + agent.id()).unstarted(this::run);
    thread.start();
  }

  AgentAddress agent() {
    return agent;
  }

  /** The session that holds now. */
  Optional<Connected> connected() {
    return connected;
  }

  AgentChannel channel() {
    return channel;
  }

  /** Waits until there is a session; false if it took longer. */
  boolean awaitConnected(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (thread) {
      while (connected.isEmpty()) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return false;
        }
        thread.wait(left);
      }
    }
    return true;
  }

  /**
   * Reads a content out of the agent's memory.
   *
   * @param patience after so long it has failed; that counts against the agent only if it is as
   *     much as reads are given
   * @return whether it was taken; false if the agent does not have it
   * @throws AgentUnavailableException if the agent can't be used
   * @throws IOException if {@code taker} failed
   */
  boolean read(Digest digest, int size, ContentTaker taker, Duration patience)
      throws IOException, InterruptedException {
    Connected session =
        connected.orElseThrow(
            () -> new AgentUnavailableException("agent " + agent.id() + " is not connected"));
    if (doubts.isDoubted(config.readTimeout())) {
      throw new AgentUnavailableException("agent " + agent.id() + " does not answer just now");
    }
    long begin = System.nanoTime();
    Connected.Outcome outcome;
    try {
      outcome = session.read(digest, size, taker, patience);
    } catch (TransportException e) {
      boolean ranOut = System.nanoTime() - begin >= patience.toNanos();
      if (ranOut && session.isOpen() && patience.compareTo(config.readTimeout()) < 0) {
        if (doubts.ranOut(begin)) {
          wake();
        }
        throw new AgentUnavailableException("agent " + agent.id() + " is slow", e);
      }
      failures.increment();
      if (failuresInARow.incrementAndGet() >= MAX_FAILURES || !session.isOpen()) {
        drop(session, String.valueOf(e.getMessage()));
      }
      throw new AgentUnavailableException("agent " + agent.id() + ": " + e.getMessage(), e);
    }
    failuresInARow.set(0);
    doubts.answered();
    switch (outcome) {
      case TAKEN -> {
        hits.increment();
        bytes.add(size);
        boolean unused = read.offer(digest);
      }
      case MISSING -> {
        misses.increment();
        boolean unused = read.offer(digest);
      }
      case WRONG -> {
        wrong.increment();
        boolean unused = suspects.offer(digest);
      }
    }
    return outcome == Connected.Outcome.TAKEN;
  }

  /** Tells the agent what was done with images; what it does not hear is lost. */
  void tell(List<ImageUse> uses) {
    Optional<Connected> session = connected;
    if (session.isEmpty()) {
      return;
    }
    UsedRequest.Builder request = UsedRequest.newBuilder().setTicket(session.get().ticket());
    for (ImageUse use : uses) {
      request.addImages(
          io.imageharbour.pool.proto.ImageUse.newBuilder()
              .setImage(ByteString.copyFrom(use.image().toBytes()))
              .setName(use.name())
              .setSize(use.sizeBytes())
              .setFiles(use.files())
              .setStarts(use.starts())
              .setMissedBytes(use.missedBytes()));
    }
    try {
      UsedReply unused = channel.call(config.callTimeout(), stub -> stub.used(request.build()));
    } catch (AgentUnavailableException e) {
      log.debug("event=uses-not-told agent={} cause=\"{}\"", agent.id(), e.getMessage());
    }
  }

  PoolStats.Agent stats() {
    Optional<Connected> session = connected;
    return new PoolStats.Agent(
        agent.id(),
        session.map(s -> s.transport().name()),
        hits.sum(),
        misses.sum(),
        wrong.sum(),
        failures.sum(),
        bytes.sum());
  }

  /** Has the link end soon; {@link #close} waits for it. */
  void beginClose() {
    closed = true;
    thread.interrupt();
  }

  /** Ends the link; who reads through it gets an error. */
  @Override
  public void close() {
    beginClose();
    try {
      thread.join(config.callTimeout().plus(CLOSE_PATIENCE));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channel.close();
  }

  private void run() {
    try {
      Backoff backoff = new Backoff(MOST_PAUSE);
      while (!closed) {
        try {
          if (connect()) {
            long begin = System.nanoTime();
            stayConnected();
            if (System.nanoTime() - begin > MOST_PAUSE.toNanos()) {
              // one that ended sooner is a failure, too: it may have answered to hello alone
              backoff.reset();
            }
          }
        } catch (RuntimeException e) {
          // a bug must not cost the agent until this process ends
          log.error("event=link-broken agent={}", agent.id(), e);
        }
        connected.filter(session -> !session.isOpen()).ifPresent(this::dropClosed);
        pause(Duration.ofNanos(backoff.next()));
      }
    } catch (InterruptedException e) {
      log.trace("event=link-ends agent={}", agent.id());
    } finally {
      Optional<Connected> last = connected;
      last.ifPresent(session -> drop(session, ""));
      last.ifPresent(session -> sayGoodbye(session.ticket()));
    }
  }

  private boolean connect() throws InterruptedException {
    Optional<HelloReply> answered = Optional.empty();
    try {
      HelloReply hello =
          channel.call(
              config.callTimeout(),
              stub -> stub.hello(HelloRequest.newBuilder().setClient(HostName.get()).build()));
      answered = Optional.of(hello);
      if (!hello.getAgent().equals(agent.id())) {
        // its place in the pool is another agent's; but a list without names can't know better
        log.debug("event=agent-has-another-name agent={} said={}", agent.id(), hello.getAgent());
      }
      Connected session = Connected.open(hello, agent.host(), transports, config.callTimeout());
      failuresInARow.set(0);
      doubts.answered();
      synchronized (this) {
        connected = Optional.of(session);
      }
      wake();
      lastComplaint = "";
      log.info(
          "event=agent-connected agent={} transport={}", agent.id(), session.transport().name());
      return true;
    } catch (IOException e) {
      if (e instanceof AgentUnavailableException failure && AgentChannel.isNoAnswer(failure)) {
        channel.connectAnew();
      }
      complain(String.valueOf(e.getMessage()));
      answered.ifPresent(hello -> sayGoodbye(hello.getTicket()));
      return false;
    }
  }

  /** Until the session is of no use any more. */
  private void stayConnected() throws InterruptedException {
    long lastAnswer = System.nanoTime();
    int unanswered = 0;
    long nextReport = System.nanoTime() + config.reportInterval().toNanos();
    Optional<Connected> session = connected;
    while (session.isPresent() && session.get().isOpen()) {
      awaitReport(nextReport);
      if (doubts.isDoubted() && !isReadable(session.get())) {
        return;
      }
      if (nextReport - System.nanoTime() > 0) {
        session = connected;
        continue;
      }
      try {
        ReportReply reply = report(session.get());
        lastAnswer = System.nanoTime();
        unanswered = 0;
        if (reply.getVersion() != session.get().hello().getMemory().getVersion()) {
          // the session goes on until the next is there
          Connected old = session.get();
          if (connect()) {
            old.close();
            sayGoodbye(old.ticket());
          }
        }
      } catch (AgentUnavailableException e) {
        unanswered++;
        boolean silent = System.nanoTime() - lastAnswer > MAX_SILENCE.toNanos();
        if (AgentChannel.isSessionOver(e)
            || silent
            || (AgentChannel.isNobodyThere(e) && unanswered >= MAX_SILENT_REPORTS)) {
          drop(session.get(), String.valueOf(e.getMessage()));
        } else if (!isReadable(session.get())) {
          // found out here, nobody else has to wait for that
          return;
        }
      }
      nextReport = System.nanoTime() + config.reportInterval().toNanos();
      session = connected;
    }
  }

  /** Whether the agent's memory can be read; if not, nobody uses the session any more. */
  private boolean isReadable(Connected session) throws InterruptedException {
    try {
      session.probe(config.callTimeout());
      doubts.answered();
      return true;
    } catch (TransportException e) {
      drop(session, String.valueOf(e.getMessage()));
      sayGoodbye(session.ticket());
      return false;
    }
  }

  private ReportReply report(Connected session) throws AgentUnavailableException {
    Told now = new Told(hits.sum(), bytes.sum(), misses.sum());
    ReportRequest request =
        ReportRequest.newBuilder()
            .setTicket(session.ticket())
            .setRead(drain(read, MAX_REPORTED))
            .setSuspects(drain(suspects, MAX_SUSPECTS))
            .setHits(now.hits() - told.hits())
            .setHitBytes(now.bytes() - told.bytes())
            .setMisses(now.misses() - told.misses())
            .build();
    ReportReply reply = channel.call(config.callTimeout(), stub -> stub.report(request));
    told = now;
    return reply;
  }

  private static ByteString drain(Queue<Digest> digests, int most) {
    ByteString.Output all = ByteString.newOutput();
    for (int i = 0; i < most; i++) {
      Optional<Digest> next = Optional.ofNullable(digests.poll());
      if (next.isEmpty()) {
        break;
      }
      all.write(next.get().toBytes(), 0, Digest.BYTES);
    }
    return all.toByteString();
  }

  /** Has nobody use this session any more. */
  private void drop(Connected session, String cause) {
    synchronized (this) {
      if (connected.filter(now -> now == session).isEmpty()) {
        return;
      }
      connected = Optional.empty();
    }
    session.close();
    if (!closed) {
      complain(cause);
    }
    wake();
  }

  private void dropClosed(Connected session) {
    drop(session, "the connection to the agent's memory has ended");
  }

  /** Waits until it is time for a report, the agent is doubted, or the session was dropped. */
  private void awaitReport(long nextReport) throws InterruptedException {
    synchronized (thread) {
      long left = nextReport - System.nanoTime();
      if (left > 0 && !doubts.isDoubted()) {
        pause(Duration.ofNanos(left));
      }
    }
  }

  private void wake() {
    synchronized (thread) {
      thread.notifyAll();
    }
  }

  /** Waits that long, or until the session was dropped. */
  private void pause(Duration time) throws InterruptedException {
    synchronized (thread) {
      thread.wait(Math.max(1, time.toMillis()));
    }
  }

  private void sayGoodbye(ByteString ticket) {
    try {
      var unused =
          channel.call(
              CLOSE_PATIENCE,
              stub -> stub.goodbye(GoodbyeRequest.newBuilder().setTicket(ticket).build()));
    } catch (AgentUnavailableException e) {
      // it will notice
      log.debug("event=no-goodbye agent={} cause=\"{}\"", agent.id(), e.getMessage());
    }
  }

  /** Says the same only once. */
  private synchronized void complain(String cause) {
    if (!cause.equals(lastComplaint)) {
      lastComplaint = cause;
      log.warn("event=agent-unavailable agent={} cause=\"{}\"", agent.id(), cause);
    }
  }
}
