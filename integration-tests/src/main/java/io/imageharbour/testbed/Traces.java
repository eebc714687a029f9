package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a process holds of the pool, as the kernel sees it. Immutable.
 *
 * @param counts how many there are of each kind: sockets, memory of each name, threads of each name
 */
public record Traces(Map<String, Integer> counts) {

  private static final String SOCKETS = "sockets";

  /** How the names of threads begin that clients of the pool and agents have for each other. */
  private static final List<String> THREADS = List.of("pool-", "shm-", "tcp-");

  /** An agent keeps it for half a minute after the last use, which is no leak. */
  private static final String STAGING = "/memfd:harbour-staging";

  /** The JVM opens one or two for itself. */
  private static final int SOCKETS_OF_JVM = 2;

  public Traces {
    counts = Map.copyOf(counts);
  }

  /**
   * What a process holds now, besides connections to a registry: those are kept for a while after
   * they were used.
   */
  public static Traces of(ServerProcess process, RegistryServer registry) throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    Path directory = Path.of("/proc", Long.toString(process.pid()));
    Set<String> others = socketsTo(registry.port(), directory);
    try (Stream<Path> files = Files.list(directory.resolve("fd"));
        Stream<Path> threads = Files.list(directory.resolve("task"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        countFile(file, others, counts);
      }
      for (Path thread : (Iterable<Path>) threads::iterator) {
        countThread(thread, counts);
      }
    }
    return new Traces(counts);
  }

  /** Looks at what a process holds. */
  @FunctionalInterface
  public interface Look {
    Traces now() throws IOException;
  }

  /**
   * Waits until there is no more of anything than there was, but for a few sockets.
   *
   * @throws HarbourException if there still is after the limit; says of what
   */
  public static void awaitNoMore(Traces before, Look look, Duration limit)
      throws IOException, InterruptedException {
    try {
      Await.until("traces to go", limit, () -> look.now().beyond(before).isEmpty());
    } catch (HarbourException e) {
      throw new HarbourException(
          "%s; there were %s and are more: %s"
              .formatted(e.getMessage(), before.counts, look.now().beyond(before)),
          e);
    }
  }

  private List<String> beyond(Traces before) {
    return counts.entrySet().stream()
        .filter(
            now ->
                now.getValue()
                    > before.counts.getOrDefault(now.getKey(), 0)
                        + (now.getKey().equals(SOCKETS) ? SOCKETS_OF_JVM : 0))
        .map(now -> now.getKey() + ": " + now.getValue())
        .sorted()
        .toList();
  }

  /** As links to them read. */
  private static Set<String> socketsTo(int port, Path process) throws IOException {
    Set<String> sockets = new HashSet<>();
    for (String table : List.of("tcp", "tcp6")) {
      try (Stream<String> lines = Files.lines(process.resolve("net").resolve(table))) {
        lines
            .skip(1)
            .map(line -> line.strip().split("\\s+"))
            .filter(columns -> columns[2].endsWith(":%04X".formatted(port)))
            .forEach(columns -> sockets.add("socket:[" + columns[9] + "]"));
      }
    }
    return sockets;
  }

  private static void countFile(Path file, Set<String> others, Map<String, Integer> counts)
      throws IOException {
    try {
      String target = Files.readSymbolicLink(file).toString();
      if (target.startsWith("socket:") && !others.contains(target)) {
        counts.merge(SOCKETS, 1, Integer::sum);
      } else if (target.startsWith("/memfd:") && !target.startsWith(STAGING)) {
        counts.merge(target.split(" ", -1)[0], 1, Integer::sum);
      }
    } catch (NoSuchFileException e) {
      counts.merge(SOCKETS, 0, Integer::sum); // closed meanwhile
    }
  }

  private static void countThread(Path thread, Map<String, Integer> counts) {
    try {
      String name = Files.readString(thread.resolve("comm")).strip();
      if (THREADS.stream().anyMatch(name::startsWith)) {
        counts.merge("thread " + name, 1, Integer::sum);
      }
    } catch (IOException e) {
      counts.merge(SOCKETS, 0, Integer::sum); // ended meanwhile
    }
  }
}
