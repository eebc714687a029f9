package io.imageharbour.pool.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What a process holds of the pool, as the kernel sees it. */
final class Traces {

  /** As links in /proc show them; the last two tell of connections by RDMA and of completions. */
  private static final List<String> KINDS =
      List.of("socket:", "/memfd:", "/dev/infiniband/rdma_cm", "anon_inode:[infinibandevent]");

  private Traces() {}

  /** How often memory of each name is mapped here. */
  static Map<String, Integer> mappings() throws IOException {
    return mappings("self");
  }

  /** The same of another process. */
  static Map<String, Integer> mappings(String process) throws IOException {
    Map<String, Integer> mappings = new TreeMap<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc", process, "maps"))) {
      lines
          .filter(line -> line.contains("/memfd:harbour-"))
          .map(line -> line.substring(line.indexOf("harbour-")).split(" ", -1)[0])
          .forEach(name -> mappings.merge(name, 1, Integer::sum));
    }
    return mappings;
  }

  /** Open sockets, memory and channels of RDMA here; the JVM opens other things for itself. */
  static long descriptors() throws IOException {
    return descriptors("self");
  }

  /** The same of another process. */
  static long descriptors(String process) throws IOException {
    long open = 0;
    try (Stream<Path> files = Files.list(Path.of("/proc", process, "fd"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        try {
          String target = Files.readSymbolicLink(file).toString();
          open += KINDS.stream().anyMatch(target::startsWith) ? 1 : 0;
        } catch (NoSuchFileException closedMeanwhile) {
          open += 0;
        }
      }
    }
    return open;
  }

  /** Threads of another process that have this name, of 15 letters at most. */
  static long threads(String process, String name) throws IOException {
    long threads = 0;
    try (Stream<Path> all = Files.list(Path.of("/proc", process, "task"))) {
      for (Path thread : (Iterable<Path>) all::iterator) {
        try {
          threads += Files.readString(thread.resolve("comm")).strip().equals(name) ? 1 : 0;
        } catch (IOException endedMeanwhile) {
          threads += 0;
        }
      }
    }
    return threads;
  }

  /** Whether there are no more objects of any kind than that. */
  static boolean areAtMost(Map<String, Long> objects, Map<String, Long> most) {
    return objects.entrySet().stream()
        .allMatch(each -> each.getValue() <= most.getOrDefault(each.getKey(), 0L));
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
