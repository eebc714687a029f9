package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Quantity;
import io.imageharbour.testbed.Workspace;
import io.imageharbour.testbed.bench.pool.Probe;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Reads out of an agent's memory on this machine, beside memcpy and beside a plain socket. */
final class PoolReads {

  private static final String MEMORY = "768MiB";
  private static final long BYTES_OF_EACH_SIZE = 128 << 20;
  private static final String NO_DEVICE = "";
  private static final int PAGE = 4096;
  private static final double LOOKUP_LIMIT = 5e-6;
  private static final Duration LIMIT = Duration.ofMinutes(20);

  private PoolReads() {}

  static List<Result> measure(String benchmark, BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    List<Result> results = new ArrayList<>();
    try (AgentProcess agent = AgentProcess.start(images.workspace(), images.tree(), "pa", MEMORY)) {
      ReadProbe memory = new ReadProbe("shared memory", "memcpy", "memcpy");
      List<ReadComparison> shared = probe(benchmark, memory, "shm", agent, images, runs);
      results.addAll(shared);
      ReadProbe socket = new ReadProbe("TCP", "plain socket", "plain socket");
      results.addAll(probe(benchmark, socket, "tcp", agent, images, runs));
      results.add(goal(benchmark, memory, shared));
    } finally {
      images.workspace().removeDirectory("pa");
    }
    return results;
  }

  private static List<ReadComparison> probe(
      String benchmark,
      ReadProbe probe,
      String transport,
      AgentProcess agent,
      BenchmarkImages images,
      int runs)
      throws IOException, InterruptedException {
    Path output = images.workspace().directory("probe").resolve(transport + ".json");
    Probe.Task task =
        new Probe.Task(
            transport,
            agent.endpoint(),
            agent.tokenFile(),
            BYTES_OF_EACH_SIZE,
            runs,
            NO_DEVICE,
            output);
    ReadProbe.command(task)
        .withEnvironment(Workspace.VARIABLE, images.workspace().directory().toString())
        .withTimeout(LIMIT)
        .run();
    return probe.compare(benchmark, ReadProbe.read(output));
  }

  private static Goal goal(String benchmark, ReadProbe probe, List<ReadComparison> comparisons) {
    double median = probe.find(comparisons, Kind.LOOKED_UP, PAGE).harbour().median().median();
    return new Goal(
        benchmark,
        "shared memory, lookup and read of 4 KiB, without the hash",
        Quantity.LATENCY.show(median),
        "under " + Quantity.LATENCY.show(LOOKUP_LIMIT),
        median < LOOKUP_LIMIT);
  }
}
