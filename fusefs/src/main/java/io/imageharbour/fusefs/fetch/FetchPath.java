package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.ContentStats;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.FrameAddress;
import io.imageharbour.fusefs.table.StoredChunk;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings chunks into the CAS or to a sink. Whoever asks for a chunk whose frame is on its way waits
 * for that frame; the sources are asked in order; what fails its digest is thrown away and asked
 * for again, a few times. Everything ends within the timeout. Safe for use by several threads.
 */
public final class FetchPath implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(FetchPath.class);

  /** Threads that unpack what was kept; none of them waits for a source. */
  private static final int UNPACKERS = 2;

  private static final long CLOSE_SECONDS = 5;

  private final SourceSequence sources;
  private final ContentTable table;
  private final Cas cas;
  private final KeptFrames kept;
  private final Duration timeout;
  private final Deadlines deadlines = new Deadlines();
  private final ConcurrentMap<FrameAddress, FrameFlight> flights = new ConcurrentHashMap<>();
  private final FrameRuns runs = new FrameRuns();
  private final ThreadPoolExecutor demandThreads;
  private final ThreadPoolExecutor aheadThreads;
  private final ThreadPoolExecutor unpackers = FetchThreads.queueing("unpack-", UNPACKERS);
  private final LongAdder wrongDigests = new LongAdder();
  private final SourceRound.Stores stores;

  /**
   * A fetch path.
   *
   * @param maxFetches frames that are fetched at once because somebody waits; a quarter of that may
   *     be fetched ahead besides
   * @param timeout of one fetch from all sources together
   * @throws IOException if there is no room for frames that come along
   */
  public FetchPath(
      List<ContentSource> sources, ContentTable table, Cas cas, int maxFetches, Duration timeout)
      throws IOException {
    this.table = table;
    this.cas = cas;
    this.timeout = timeout;
    kept = new KeptFrames(cas.scratchFile(), KeptFrames.CAPACITY);
    stores = new SourceRound.Stores(cas, table, kept, wrongDigests);
    this.sources =
        new SourceSequence(
            sources,
            timeout,
            Math.max(1, maxFetches / 4),
            deadlines,
            stores,
            new Boarding(table, kept, flights, runs),
            this::callOff);
    demandThreads = FetchThreads.queueing("fetch-", maxFetches);
    aheadThreads = FetchThreads.refusing("fetch-ahead-", Math.max(1, maxFetches / 4));
  }

  /** Brings a file that is one chunk into the CAS, which just now lacked it. */
  public void fetchIntoCas(StoredChunk chunk) throws IOException, InterruptedException {
    fetch(
        new Errand(chunk, new CasSink(cas, chunk.digest())),
        new MissingFiles(chunk.frame(), runs, table, cas));
  }

  /**
   * Brings a chunk to its sink, which just now lacked it; the sink is filled when this returns. One
   * that somebody else has filled in the same moment may be filled again.
   */
  public void fetch(Errand errand, Following following) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean filled = false;
    while (!filled) {
      if (System.nanoTime() - deadline >= 0) {
        throw late(errand.chunk());
      }
      filled = awaitFlight(errand, following, deadline) || errand.sink().isFilled();
    }
  }

  /**
   * Checks that somebody who needs several chunks has not waited longer than for one.
   *
   * @param begin of the wait, a {@link System#nanoTime}
   * @param next the chunk that would be asked for
   */
  public void requireTime(long begin, StoredChunk next) throws FetchFailedException {
    if (System.nanoTime() - begin > timeout.toNanos()) {
      throw new FetchFailedException(next.digest(), "not all came within " + timeout);
    }
  }

  /**
   * Begins to bring a chunk to a sink that will be wanted soon; does nothing if enough is fetched
   * ahead already. Failures are not reported: who needs the chunk will ask for it.
   */
  public void fetchAhead(Errand errand, Following following) throws IOException {
    FrameFlight flight = new FrameFlight(errand);
    if (flights.putIfAbsent(errand.chunk().frame(), flight) != null
        || isAlreadyFilled(flight, errand.sink())) {
      return;
    }
    try {
      start(flight, following, aheadThreads);
    } catch (RejectedExecutionException e) {
      log.trace("event=enough-is-fetched-ahead");
    }
  }

  /** Chunks that were thrown away because they failed their digest. */
  public long wrongDigests() {
    return wrongDigests.sum();
  }

  /** What each source did. */
  public List<ContentStats.Source> sourceStats() {
    return sources.stats();
  }

  /** Ends all flights; whoever waits gets an error. */
  @Override
  public void close() {
    for (FrameFlight flight : flights.values()) {
      abandon(flight, "the content store was closed");
    }
    List<ThreadPoolExecutor> pools =
        List.of(demandThreads, aheadThreads, unpackers, sources.threads());
    pools.forEach(ThreadPoolExecutor::shutdownNow);
    deadlines.close();
    try {
      for (ThreadPoolExecutor pool : pools) {
        // what they write to must not be closed under them
        if (!pool.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
          log.warn("event=fetches-do-not-end action=\"a source ignores interrupts\"");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kept.close();
  }

  /**
   * Joins the flight of the chunk's frame, or begins it, and waits for the chunk.
   *
   * @return false if the flight ended without this chunk, so that it is worth another
   */
  private boolean awaitFlight(Errand errand, Following following, long deadline)
      throws IOException, InterruptedException {
    StoredChunk chunk = errand.chunk();
    FrameFlight mine = new FrameFlight(errand);
    CompletableFuture<Boolean> stored = mine.stored();
    @Nullable FrameFlight other = flights.putIfAbsent(chunk.frame(), mine);
    if (other == null) {
      try {
        begin(mine, errand.sink(), following);
      } catch (RejectedExecutionException e) {
        throw new FetchFailedException(chunk.digest(), "the content store was closed");
      }
    } else {
      stored =
          other.join(chunk, errand.sink()).orElseGet(() -> other.over().thenApply(over -> false));
    }
    try {
      boolean came = stored.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (came && other != null && !errand.sink().isFilled()) {
        // somebody has deleted it since; the flight that brought it does not bring it again
        other.over().get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        return false;
      }
      return came;
    } catch (TimeoutException e) {
      throw late(chunk);
    } catch (ExecutionException e) {
      throw FetchFailedException.of(chunk.digest(), Objects.requireNonNull(e.getCause()));
    }
  }

  /** Calls a flight off if the one before it, which has just left the map, brought the chunk. */
  private boolean isAlreadyFilled(FrameFlight flight, ChunkSink sink) throws IOException {
    boolean filled = true;
    try {
      filled = sink.isFilled();
    } finally {
      if (filled) {
        callOff(flight);
      }
    }
    return filled;
  }

  /** Ends a flight that nobody may wait for any longer; who has time left begins another. */
  private void callOff(FrameFlight flight) {
    flights.remove(flight.wanted().frame(), flight);
    flight.end(null, false);
  }

  /**
   * Brings the chunk on this thread, if a source has it at hand, else lets the flight begin, unless
   * the one before it, which has just left the map, brought the chunk.
   *
   * @throws RejectedExecutionException if no thread may take it
   */
  private void begin(FrameFlight flight, ChunkSink sink, Following following)
      throws IOException, InterruptedException {
    boolean flies = false;
    try {
      boolean comes = !kept.contains(flight.wanted().frame()) && sources.askPromptly(flight);
      flies = !comes && !sink.isFilled();
    } finally {
      if (!flies) {
        callOff(flight);
      }
    }
    if (flies) {
      start(flight, following, demandThreads);
    }
  }

  /**
   * Lets a flight begin. It is called off after the timeout, whether a thread was free for it or
   * not, and if it can't begin.
   *
   * @throws RejectedExecutionException if no thread may take it
   */
  private void start(FrameFlight flight, Following following, Executor threads) {
    boolean begun = false;
    try {
      ScheduledFuture<?> timer = deadlines.runAfter(timeout, () -> callOff(flight));
      flight.over().thenRun(() -> timer.cancel(false));
      if (kept.contains(flight.wanted().frame())) {
        unpackers.execute(() -> unpack(flight, following, threads));
      } else {
        threads.execute(() -> fly(flight, following));
      }
      begun = true;
    } finally {
      if (!begun) {
        callOff(flight);
      }
    }
  }

  /** Takes the chunk from a frame that came along with another, or else lets the flight fly. */
  private void unpack(FrameFlight flight, Following following, Executor threads) {
    boolean flies = false;
    try {
      if (!flight.over().isDone() && !unpackKept(flight)) {
        threads.execute(() -> fly(flight, following));
        flies = true;
      }
    } catch (RejectedExecutionException e) {
      log.trace("event=not-fetched cause=\"{}\"", e.toString());
    } finally {
      if (!flies) {
        callOff(flight);
      }
    }
  }

  /** Whether the wanted chunk was in a frame that came along with another. */
  private boolean unpackKept(FrameFlight flight) {
    StoredChunk wanted = flight.wanted();
    try {
      SourceRound round =
          new SourceRound(new FrameRun(flight, true), location(wanted), stores, this::callOff);
      Optional<KeptFrames.Kept> came = kept.take(wanted.frame());
      if (came.isPresent()) {
        round
            .receiver(came.get().source())
            .acceptFrame(round.wanted().location(), came.get().compressed());
      }
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      // the sources may do better
      log.warn("event=kept-frame-dropped digest={} cause=\"{}\"", wanted.digest(), e.toString());
    }
    return flight.hasWantedCome();
  }

  private void fly(FrameFlight flight, Following following) {
    if (flight.over().isDone()) {
      return; // nobody waits for it any more
    }
    StoredChunk wanted = flight.wanted();
    @Nullable IOException failure =
        new FetchFailedException(wanted.digest(), "the fetch ended early");
    boolean shared = true;
    try {
      if (sources.askPromptly(flight)) {
        failure = null;
      } else {
        SourceSequence.Outcome outcome = sources.ask(flight, following, location(wanted));
        failure = flight.hasWantedCome() ? null : failure(wanted, outcome.causes());
        shared = !outcome.sawWrongDigest();
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = new FetchFailedException(wanted.digest(), "it was interrupted");
    } finally {
      flights.remove(wanted.frame(), flight);
      flight.end(failure, shared);
    }
  }

  private static IOException failure(StoredChunk wanted, List<String> causes) {
    String all = causes.isEmpty() ? "there is no source" : String.join("; ", causes);
    return new FetchFailedException(wanted.digest(), all);
  }

  private FrameLocation location(StoredChunk chunk) throws IOException {
    return table
        .locate(chunk.frame())
        .orElseThrow(() -> new FetchFailedException(chunk.digest(), "no image refers to its pack"));
  }

  private FetchFailedException late(StoredChunk chunk) {
    return new FetchFailedException(chunk.digest(), "nothing came within " + timeout);
  }

  private void abandon(FrameFlight flight, String cause) {
    flights.remove(flight.wanted().frame(), flight);
    flight.end(new FetchFailedException(flight.wanted().digest(), cause), true);
  }
}
