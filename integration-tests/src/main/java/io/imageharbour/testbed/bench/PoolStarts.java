package io.imageharbour.testbed.bench;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PoolAccess;
import io.imageharbour.testbed.Quantity;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Starts Python with numpy where an agent on the same machine has all that the start reads, beside
 * the same start on a node that has it in its own cache. All have pulled the image and then started
 * harbourd anew; by turns, with the kernel's caches as they are. Once it is the first container
 * that harbourd has to do with, once the second.
 */
final class PoolStarts {

  private static final String WARM = "warm cache";
  private static final String MEMORY = "256MiB";
  private static final double LIMIT = 1.3;
  private static final int ATTEMPTS = 5;

  /**
   * Reads programs and libraries whole, of which a start maps only parts: a file that is there in
   * parts is not in a node's cache.
   */
  private static final String READ_WHOLE =
      """
      import numpy, os, sys
      paths = [os.path.join(where, name) for where, _, names in os.walk('/usr/lib')
               for name in names if '.so' in name]
      for path in [sys.executable] + [path for path in paths if os.path.isfile(path)]:
        with open(path, 'rb') as file:
          while file.read(1 << 20): pass
      print('read')
      """;

  /** Reads some hundred files that a start does not, as an earlier container may have. */
  private static final List<String> EARLIER =
      List.of("sh", "-c", "cat /usr/share/doc/*/* > /dev/null && echo read");

  private final BenchmarkImages images;
  private final PythonNodes nodes;

  private PoolStarts(BenchmarkImages images, PoolAccess pool)
      throws IOException, InterruptedException {
    this.images = images;
    nodes = new PythonNodes(images, Optional.of(pool));
  }

  static List<Result> measure(String benchmark, BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    try (AgentProcess agent = AgentProcess.start(images.workspace(), images.tree(), "pa", MEMORY)) {
      return new PoolStarts(images, agent.pool("shm")).measure(benchmark, runs);
    } finally {
      images.workspace().removeDirectory("pa");
    }
  }

  private List<Result> measure(String benchmark, int runs)
      throws IOException, InterruptedException {
    Measurement start =
        Measurement.beside(
            WARM, benchmark, "start out of the pool, shared memory", Quantity.SECONDS);
    Measurement processor =
        Measurement.beside(
            WARM, benchmark, "the same, processor time of harbourd", Quantity.SECONDS);
    Measurement bytes =
        Measurement.beside(WARM, benchmark, "the same, bytes from the registry", Quantity.BYTES);
    Measurement second =
        Measurement.beside(
            WARM, benchmark, "start after another container of the image", Quantity.SECONDS);
    Measurement secondProcessor =
        Measurement.beside(
            WARM, benchmark, "the same, processor time of harbourd", Quantity.SECONDS);
    fill();
    try (Node warm = nodes.start("w")) {
      var read = warm.ctr().run(Snapshotter.HARBOUR, nodes.image(), "python3", "-c", READ_WHOLE);
      for (int run = 0; run < runs; run++) {
        nodes.restart(warm);
        nodes.measure(warm, start.baseline(), processor.baseline());
        bytes.harbour().add(startCold("c" + run, false, start.harbour(), processor.harbour()));
        nodes.restart(warm);
        runEarlier(warm);
        nodes.measure(warm, second.baseline(), secondProcessor.baseline());
        long unused = startCold("s" + run, true, second.harbour(), secondProcessor.harbour());
      }
    } finally {
      // at the end: ext4 is slow to make files while it remembers others that were just deleted
      nodes.remove("w");
      for (int i = 0; i < ATTEMPTS; i++) {
        nodes.remove("f" + i);
      }
      for (int run = 0; run < runs; run++) {
        nodes.remove("c" + run);
        nodes.remove("s" + run);
      }
    }
    return List.of(
        start,
        processor,
        bytes,
        second,
        secondProcessor,
        goal(benchmark, "cold start out of the pool, beside a start with a warm cache", start),
        goal(benchmark, "the same after another container", second));
  }

  private static Goal goal(String benchmark, String what, Measurement starts) {
    return Goal.atMost(benchmark, what, starts.harbour().ratioTo(starts.baseline()), LIMIT);
  }

  /** Has nodes bring what a start reads, until one finds all of it there. */
  private void fill() throws IOException, InterruptedException {
    for (int i = 0; i < ATTEMPTS; i++) {
      try (Node node = nodes.start("f" + i)) {
        runEarlier(node);
        long before = packBytes();
        Duration unused = nodes.untilFirstOutput(node);
        if (packBytes() == before) {
          return;
        }
      }
    }
    throw new HarbourException("the pool does not get warm");
  }

  /**
   * Starts it on a node that has nothing of it but the pulled image.
   *
   * @param second whether another container comes and goes before
   * @return bytes of packs that the registry had to send for the start
   */
  private long startCold(String name, boolean second, Samples time, Samples processor)
      throws IOException, InterruptedException {
    try (Node cold = nodes.start(name)) {
      nodes.restart(cold);
      if (second) {
        runEarlier(cold);
      }
      long before = packBytes();
      nodes.measure(cold, time, processor);
      return packBytes() - before;
    }
  }

  private void runEarlier(Node node) throws IOException, InterruptedException {
    Duration unused =
        node.ctr().untilFirstOutput(Snapshotter.HARBOUR, nodes.image(), List.of(), EARLIER);
  }

  /** What the registry has sent so far of packs; where the pool is slow, it is asked as well. */
  private long packBytes() throws IOException {
    return images.registry().responses().stream()
        .filter(response -> response.path().contains("/blobs/"))
        .mapToLong(RegistryServer.Response::bytes)
        .sum();
  }
}
