package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.registry.RepositoryName;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the same frame in several repositories, one after another: the next one starts when those
 * before it failed, or did not answer for a while. So a registry that is gone, and that the client
 * tries again and again as it should, costs a moment where another one has the frame. Belongs to
 * one thread; closing it ends the reads that still run, and closes what they opened.
 *
 * @param <T> what was opened
 */
final class OriginRace<T extends Closeable> implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(OriginRace.class);

  /** So many are asked at once at most: each may hold a connection and a frame. */
  private static final int MAX_RUNNING = 3;

  private final Deque<RepositoryName> waiting;
  private final Duration headStart;
  private final Read<T> read;
  private final BlockingQueue<Outcome<T>> outcomes = new LinkedBlockingQueue<>();
  private final Map<RepositoryName, Runner> running = new LinkedHashMap<>();
  private final Map<RepositoryName, String> failures = new LinkedHashMap<>();

  /** Guarded by {@link #outcomes}. */
  private boolean closed;

  /**
   * A race that has not started yet.
   *
   * @param headStart how long a repository is waited for before the next one is asked as well
   */
  OriginRace(Collection<RepositoryName> repositories, Duration headStart, Read<T> read) {
    this.waiting = new ArrayDeque<>(repositories);
    this.headStart = headStart;
    this.read = read;
  }

  /**
   * Waits for the next frame from any repository; nothing when all of them have failed.
   *
   * @throws InterruptedException if the thread was interrupted
   */
  Optional<Arrived<T>> next() throws InterruptedException {
    while (!running.isEmpty() || !waiting.isEmpty()) {
      switch (nextOutcome()) {
        case Arrived<T> arrived -> {
          running.remove(arrived.repository);
          return Optional.of(arrived);
        }
        case Failed<T> failed -> {
          running.remove(failed.repository);
          fail(failed.repository, failed.reason);
        }
        case null -> {
          // the head start is over: the next one joins
        }
      }
    }
    return Optional.empty();
  }

  /** Also for what arrived, but was not what it should have been. */
  void fail(RepositoryName repository, Throwable reason) {
    failures.put(repository, String.valueOf(reason.getMessage()));
  }

  /** Those that failed, and those that were overtaken after they had their head start. */
  List<RepositoryName> losers() {
    List<RepositoryName> losers = new ArrayList<>(failures.keySet());
    long now = System.nanoTime();
    running.forEach(
        (repository, runner) -> {
          if (now - runner.begin >= headStart.toNanos()) {
            losers.add(repository);
          }
        });
    return losers;
  }

  /** What each repository said that failed. */
  List<String> failures() {
    return failures.entrySet().stream().map(f -> f.getKey() + ": " + f.getValue()).toList();
  }

  @Override
  public void close() {
    List<Outcome<T>> late = new ArrayList<>();
    synchronized (outcomes) {
      closed = true;
      outcomes.drainTo(late);
    }
    running.values().forEach(runner -> runner.thread.interrupt());
    late.forEach(OriginRace::drop);
  }

  private void report(Outcome<T> outcome) {
    synchronized (outcomes) {
      if (!closed) {
        outcomes.add(outcome);
        return;
      }
    }
    drop(outcome);
  }

  private static <T extends Closeable> void drop(Outcome<T> outcome) {
    if (outcome instanceof Arrived<T> arrived) {
      try {
        arrived.opened().close();
      } catch (IOException e) {
        LOG.debug("event=late-answer-not-closed cause=\"{}\"", e.toString());
      }
    }
  }

  private @Nullable Outcome<T> nextOutcome() throws InterruptedException {
    if (running.size() < MAX_RUNNING && !waiting.isEmpty()) {
      RepositoryName joining = waiting.removeFirst();
      Thread thread = Thread.ofVirtual().name("fetch " + joining).start(() -> report(run(joining)));
      running.put(joining, new Runner(thread, System.nanoTime()));
    }
    return waiting.isEmpty() || running.size() == MAX_RUNNING
        ? outcomes.take()
        : outcomes.poll(headStart.toNanos(), TimeUnit.NANOSECONDS);
  }

  private Outcome<T> run(RepositoryName repository) {
    try {
      return new Arrived<>(repository, read.from(repository));
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      // also of an error somebody must hear, or he waits for ever; whoever closed the race, and so
      // interrupted this thread, does not ask for the reason
      return new Failed<>(repository, e);
    }
  }

  private record Runner(Thread thread, long begin) {}

  private sealed interface Outcome<T extends Closeable> {}

  /** What was opened, which is the caller's to close, and where. */
  record Arrived<T extends Closeable>(RepositoryName repository, T opened) implements Outcome<T> {}

  private record Failed<T extends Closeable>(RepositoryName repository, Throwable reason)
      implements Outcome<T> {}

  /** Opens the frame in one repository. */
  @FunctionalInterface
  interface Read<T> {
    T from(RepositoryName repository) throws IOException, InterruptedException;
  }
}
