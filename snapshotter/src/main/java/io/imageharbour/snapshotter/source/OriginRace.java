package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.registry.RepositoryName;
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

/**
 * Reads the same frame from several repositories, one after another: the next one starts when those
 * before it failed, or did not answer for a while. So a registry that is gone, and that the client
 * tries again and again as it should, costs a moment where another one has the frame. Belongs to
 * one thread; closing it ends the reads that still run.
 */
final class OriginRace implements AutoCloseable {

  private final Deque<RepositoryName> waiting;
  private final Duration headStart;
  private final Read read;
  private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
  private final Map<RepositoryName, Thread> running = new LinkedHashMap<>();
  private final Map<RepositoryName, String> failures = new LinkedHashMap<>();

  /**
   * A race that has not started yet.
   *
   * @param headStart how long a repository is waited for before the next one is asked as well
   */
  OriginRace(Collection<RepositoryName> repositories, Duration headStart, Read read) {
    this.waiting = new ArrayDeque<>(repositories);
    this.headStart = headStart;
    this.read = read;
  }

  /**
   * Waits for the next frame from any repository; nothing when all of them have failed.
   *
   * @throws InterruptedException if the thread was interrupted
   */
  Optional<Arrived> next() throws InterruptedException {
    while (!running.isEmpty() || !waiting.isEmpty()) {
      switch (nextOutcome()) {
        case Arrived arrived -> {
          running.remove(arrived.repository);
          return Optional.of(arrived);
        }
        case Failed failed -> {
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

  /** Those that failed, and those that were overtaken. */
  List<RepositoryName> losers() {
    List<RepositoryName> losers = new ArrayList<>(failures.keySet());
    losers.addAll(running.keySet());
    return losers;
  }

  /** What each repository said that failed. */
  List<String> failures() {
    return failures.entrySet().stream().map(f -> f.getKey() + ": " + f.getValue()).toList();
  }

  @Override
  public void close() {
    running.values().forEach(Thread::interrupt);
  }

  private @Nullable Outcome nextOutcome() throws InterruptedException {
    RepositoryName joining = waiting.pollFirst();
    if (joining != null) {
      running.put(
          joining,
          Thread.ofVirtual().name("fetch " + joining).start(() -> outcomes.add(run(joining))));
    }
    return waiting.isEmpty()
        ? outcomes.take()
        : outcomes.poll(headStart.toNanos(), TimeUnit.NANOSECONDS);
  }

  private Outcome run(RepositoryName repository) {
    try {
      return new Arrived(repository, read.from(repository));
    } catch (IOException | InterruptedException | RuntimeException e) {
      // whoever closed the race, and so interrupted this thread, does not ask for the reason
      return new Failed(repository, e);
    }
  }

  private sealed interface Outcome {}

  /** A frame, and where it came from. */
  record Arrived(RepositoryName repository, byte[] frame) implements Outcome {}

  private record Failed(RepositoryName repository, Exception reason) implements Outcome {}

  /** Reads the frame from one repository. */
  @FunctionalInterface
  interface Read {
    byte[] from(RepositoryName repository) throws IOException, InterruptedException;
  }
}
