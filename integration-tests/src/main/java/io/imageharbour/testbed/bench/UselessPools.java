package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Quantity;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Starts Python with numpy on nodes that have nothing of it but the pulled image, where the pool is
 * of no use, beside the same start on a node without a pool, by the registry. Once the only agent
 * is stopped right before the start, by SIGSTOP, and read over TCP; once it has nothing. harbourd
 * was started just before; by turns, with the kernel's caches as they are.
 */
final class UselessPools {

  private static final String REGISTRY = "no pool";
  private static final String MEMORY = "256MiB";
  private static final double LIMIT = 1.1;

  private final BenchmarkImages images;
  private final AgentProcess agent;
  private final PythonNodes without;
  private final PythonNodes with;

  /** What is done to the agent before a start, or after it. */
  @FunctionalInterface
  private interface Change {
    void run() throws IOException, InterruptedException;
  }

  private UselessPools(BenchmarkImages images, AgentProcess agent)
      throws IOException, InterruptedException {
    this.images = images;
    this.agent = agent;
    without = new PythonNodes(images, Optional.empty());
    with = new PythonNodes(images, Optional.of(agent.pool("tcp")));
  }

  static List<Result> measure(String benchmark, BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    try (AgentProcess agent = AgentProcess.start(images.workspace(), images.tree(), "pu", MEMORY)) {
      return new UselessPools(images, agent).measure(benchmark, runs);
    } finally {
      images.workspace().removeDirectory("pu");
    }
  }

  private List<Result> measure(String benchmark, int runs)
      throws IOException, InterruptedException {
    Measurement stopped =
        Measurement.beside(
            REGISTRY, benchmark, "start, the only agent stopped, TCP", Quantity.SECONDS);
    Measurement processor =
        Measurement.beside(
            REGISTRY, benchmark, "the same, processor time of harbourd", Quantity.SECONDS);
    Measurement empty = stopped.against("start, the only agent empty, TCP");
    Measurement emptyProcessor = processor.against("the same, processor time of harbourd");
    try {
      for (int run = 0; run < runs; run++) {
        start(without, "o" + run, () -> {}, stopped.baseline(), processor.baseline());
        start(with, "t" + run, agent.process()::stop, stopped.harbour(), processor.harbour());
        agent.process().resume();
        start(with, "e" + run, this::empty, empty.harbour(), emptyProcessor.harbour());
      }
    } finally {
      // at the end: ext4 is slow to make files while it remembers others that were just deleted
      for (int run = 0; run < runs; run++) {
        without.remove("o" + run);
        with.remove("t" + run);
        with.remove("e" + run);
      }
    }
    return List.of(
        stopped,
        processor,
        empty,
        emptyProcessor,
        goal(benchmark, "cold start, the only agent stopped, beside no pool", stopped),
        goal(benchmark, "the same, the only agent empty", empty));
  }

  private static Goal goal(String benchmark, String what, Measurement starts) {
    return Goal.atMost(benchmark, what, starts.harbour().ratioTo(starts.baseline()), LIMIT);
  }

  private static void start(
      PythonNodes nodes, String name, Change before, Samples time, Samples processor)
      throws IOException, InterruptedException {
    try (Node node = nodes.start(name)) {
      nodes.restart(node);
      before.run();
      nodes.measure(node, time, processor);
    }
  }

  private void empty() throws IOException, InterruptedException {
    images
        .tree()
        .harbourctl("pool", "evict", "--all", "--agent", agent.endpoint())
        .withArguments("--token-file", agent.tokenFile())
        .run();
  }
}
