package io.imageharbour.pool.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What this process holds of agents, as the kernel sees it. */
final class Traces {

  private Traces() {}

  /** How often memory of each name is mapped. */
  static Map<String, Integer> mappings() throws IOException {
    Map<String, Integer> mappings = new TreeMap<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      lines
          .filter(line -> line.contains("/memfd:harbour-"))
          .map(line -> line.substring(line.indexOf("harbour-")).split(" ", -1)[0])
          .forEach(name -> mappings.merge(name, 1, Integer::sum));
    }
    return mappings;
  }

  /** Open sockets and memory; the JVM opens other things for itself. */
  static long descriptors() throws IOException {
    long open = 0;
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        try {
          String target = Files.readSymbolicLink(file).toString();
          open += target.startsWith("socket:") || target.startsWith("/memfd:") ? 1 : 0;
        } catch (NoSuchFileException closedMeanwhile) {
          open += 0;
        }
      }
    }
    return open;
  }

  /** Threads of clients of the pool. */
  static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("pool-"))
        // those of executors are called so by Java
        .filter(thread -> !thread.getName().matches("pool-\\d+-thread-\\d+"))
        .count();
  }
}
