package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.ContentStats;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.fusefs.fetch.Deadlines.Deadline;
import io.imageharbour.fusefs.table.StoredChunk;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the sources for what a flight was made for: one after the other, and the next one as well
 * when one takes longer than its head start. What fails its digest is asked for again, a few times.
 * Safe for use by several threads.
 */
final class SourceSequence implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SourceSequence.class);

  /** So often a source is asked again after it brought wrong bytes. */
  private static final int ATTEMPTS_PER_SOURCE = 3;

  private final List<SourceCounters> sources = new ArrayList<>();
  private final Duration timeout;
  private final Deadlines deadlines;
  private final SourceRound.Stores stores;
  private final Boarding boarding;
  private final Consumer<FrameFlight> callOff;
  private final ThreadPoolExecutor hedgeThreads;

  /**
   * What came of asking.
   *
   * @param causes why each source did not bring the chunk; of no meaning if it came
   * @param sawWrongDigest whether one brought something else
   */
  record Outcome(List<String> causes, boolean sawWrongDigest) {}

  /** What is asked for, and since when. */
  private record Question(
      FrameFlight flight, Following following, FrameLocation location, long begin) {

    boolean isAnswered() {
      return flight.hasWantedCome();
    }
  }

  /**
   * A sequence.
   *
   * @param timeout of asking all of them for one thing
   * @param maxHedges sources that are asked at once because another one takes long
   * @param deadlines the caller's to close, after this
   * @param callOff ends the flight of a frame that came along, or does not
   */
  SourceSequence(
      List<ContentSource> sources,
      Duration timeout,
      int maxHedges,
      Deadlines deadlines,
      SourceRound.Stores stores,
      Boarding boarding,
      Consumer<FrameFlight> callOff) {
    for (int i = 0; i < sources.size(); i++) {
      this.sources.add(new SourceCounters(sources.get(i), sources.subList(0, i)));
    }
    this.timeout = timeout;
    this.deadlines = deadlines;
    this.stores = stores;
    this.boarding = boarding;
    this.callOff = callOff;
    hedgeThreads = FetchThreads.refusing("fetch-hedge-", maxHedges);
  }

  /** What each source did. */
  List<ContentStats.Source> stats() {
    return sources.stream().map(SourceCounters::stats).toList();
  }

  /** Asks until the wanted chunk has come, or no source is left, or the time is over. */
  Outcome ask(FrameFlight flight, Following following, FrameLocation location)
      throws InterruptedException {
    boolean firstLacksIt =
        flight.askedPromptly().map(FrameFlight.AskedPromptly::lacking).orElse(false);
    return askFrom(
        firstLacksIt ? 1 : 0, new Question(flight, following, location, System.nanoTime()));
  }

  /**
   * Asks the first source on this thread if it has an answer right away, so that most chunks that
   * come out of memory need no other thread and no timer. A flight is asked for so once.
   *
   * @return whether the wanted chunk has come
   */
  boolean askPromptly(FrameFlight flight) throws InterruptedException {
    if (sources.isEmpty() || flight.askedPromptly().isPresent()) {
      return flight.hasWantedCome();
    }
    SourceCounters first = sources.getFirst();
    long begin = System.nanoTime();
    ContentSource.Prompt answer = fetchPromptly(first, flight);
    long nanos = System.nanoTime() - begin;
    flight.setAskedPromptly(
        new FrameFlight.AskedPromptly(answer == ContentSource.Prompt.LACKING, nanos));
    switch (answer) {
      case BROUGHT -> {
        first.fetches.increment();
        first.nanos.add(nanos);
      }
      case LACKING -> {
        first.fetches.increment();
        first.failures.increment();
      }
      case UNKNOWN -> {}
    }
    return flight.hasWantedCome();
  }

  private static ContentSource.Prompt fetchPromptly(SourceCounters source, FrameFlight flight)
      throws InterruptedException {
    StoredChunk wanted = flight.wanted();
    try {
      return source.source.fetchPromptly(
          wanted.digest(), wanted.size(), new ReceivedChunk(flight, source, List.of()));
    } catch (IOException | RuntimeException e) {
      // asked properly, it will say so again; if it could not be stored, who waits knows it
      log.debug("event=not-prompt source={} cause=\"{}\"", source.source.name(), e.toString());
      return ContentSource.Prompt.UNKNOWN;
    }
  }

  ThreadPoolExecutor threads() {
    return hedgeThreads;
  }

  @Override
  public void close() {
    hedgeThreads.shutdownNow();
  }

  private Outcome askFrom(int first, Question question) throws InterruptedException {
    List<String> causes = new ArrayList<>();
    boolean sawWrongDigest = false;
    for (int i = first; i < sources.size() && !question.isAnswered(); i++) {
      try (Hedge hedge = new Hedge(i, question)) {
        Outcome mine = askOne(i, question);
        causes.addAll(mine.causes());
        sawWrongDigest |= mine.sawWrongDigest();
        if (!question.isAnswered() && hedge.hasBegun()) {
          Outcome others = hedge.await();
          causes.addAll(others.causes());
          return new Outcome(causes, sawWrongDigest || others.sawWrongDigest());
        }
      }
    }
    return new Outcome(causes, sawWrongDigest);
  }

  /** Asks one source, again if it brings wrong bytes; with frames that come along if it may. */
  private Outcome askOne(int position, Question question) throws InterruptedException {
    SourceCounters source = sources.get(position);
    FrameRun run = new FrameRun(question.flight(), !question.following().isReadSoon());
    try {
      if (source.source.bringsFollowing()) {
        boarding.board(run, question.following(), source.source.bytesPerLatency());
        callOffInTime(run);
      }
      SourceRound round = new SourceRound(run, question.location(), stores, callOff);
      return askOne(position, question, source, round);
    } finally {
      callOffRiders(run);
    }
  }

  private Outcome askOne(int position, Question question, SourceCounters source, SourceRound round)
      throws InterruptedException {
    boolean sawWrongDigest = false;
    for (int attempt = 1; ; attempt++) {
      long left = timeout.toNanos() - (System.nanoTime() - question.begin());
      Duration share = Duration.ofNanos(Math.max(1, left / (sources.size() - position)));
      Optional<String> cause = ask(round, source, share);
      if (cause.isEmpty()) {
        return new Outcome(List.of(), sawWrongDigest);
      }
      boolean wrong = round.sawWrongDigest();
      sawWrongDigest |= wrong;
      if (!wrong || attempt == ATTEMPTS_PER_SOURCE) {
        return new Outcome(List.of(source.source.name() + ": " + cause.get()), sawWrongDigest);
      }
      log.warn(
          "event=wrong-digest source={} digest={} attempt={} cause=\"{}\"",
          source.source.name(),
          round.wanted().digest(),
          attempt,
          cause.get());
      round.forgetWrongDigest();
    }
  }

  /** Asks one source once; says why the wanted chunk did not come, if it did not. */
  private Optional<String> ask(SourceRound round, SourceCounters source, Duration limit)
      throws InterruptedException {
    source.fetches.increment();
    long begin = System.nanoTime();
    String cause = "it did not bring the chunk";
    try (Deadline deadline = deadlines.interruptAfter(limit)) {
      try {
        source.source.fetch(round.wanted(), round.receiver(source));
      } catch (InterruptedException e) {
        if (!deadline.hasPassed()) {
          throw e;
        }
        cause = "nothing came within " + limit;
      }
    } catch (IOException e) {
      cause = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    } catch (RuntimeException e) {
      // a bug in a source must not leave those who wait without an answer
      log.error("event=source-broken source={}", source.source.name(), e);
      cause = e.toString();
    }
    if (round.hasWantedCome()) {
      source.nanos.add(System.nanoTime() - begin);
      return Optional.empty();
    }
    source.failures.increment();
    return Optional.of(cause);
  }

  /** Frames that come along are waited for only so long after what was wanted. */
  private void callOffInTime(FrameRun run) {
    if (run.riders().isEmpty()) {
      return;
    }
    FrameFlight first = run.first();
    first.over().thenRun(() -> callOffRiders(run));
    first
        .stored()
        .thenRun(
            () -> {
              ScheduledFuture<?> timer =
                  deadlines.runAfter(WantedChunk.PATIENCE_BEHIND, () -> callOffRiders(run));
              first.over().thenRun(() -> timer.cancel(false));
            });
  }

  private void callOffRiders(FrameRun run) {
    run.riders().forEach(rider -> callOff.accept(rider.flight()));
  }

  /** Asks the sources behind one as well, once its head start is over. */
  private final class Hedge implements AutoCloseable {

    private final SourceCounters slow;
    private final FutureTask<Outcome> others;
    private final Optional<ScheduledFuture<?>> timer;
    private boolean begun;
    private boolean closed;

    Hedge(int position, Question question) {
      slow = sources.get(position);
      others = new FutureTask<>(() -> askFrom(position + 1, question));
      Optional<Duration> headStart =
          position + 1 < sources.size() ? slow.source.headStart() : Optional.empty();
      // the first has had a part of it
      long had =
          position > 0
              ? 0
              : question.flight().askedPromptly().map(FrameFlight.AskedPromptly::nanos).orElse(0L);
      timer = headStart.map(time -> deadlines.runAfter(time.minusNanos(had), this::begin));
    }

    private synchronized void begin() {
      if (!closed) {
        try {
          hedgeThreads.execute(others);
          begun = true;
          slow.hedges.increment();
        } catch (RejectedExecutionException e) {
          log.trace("event=enough-is-hedged");
        }
      }
    }

    /** Whether the others were asked; if not, they are not any more. */
    synchronized boolean hasBegun() {
      closed = true;
      return begun;
    }

    Outcome await() throws InterruptedException {
      try {
        return others.get();
      } catch (ExecutionException | CancellationException e) {
        return new Outcome(List.of(String.valueOf(e.getMessage())), false);
      }
    }

    @Override
    public void close() {
      timer.ifPresent(t -> t.cancel(false));
      if (hasBegun()) {
        others.cancel(true);
      }
    }
  }
}
