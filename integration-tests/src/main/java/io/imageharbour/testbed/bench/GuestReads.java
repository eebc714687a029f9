package io.imageharbour.testbed.bench;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.bench.pool.Probe;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import io.imageharbour.testbed.guest.Guest;
import io.imageharbour.testbed.guest.GuestKernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads out of an agent's memory by RDMA, beside perftest's, all in one guest. Emulation makes
 * everything slow there, and each side alike: ratios are what counts.
 */
final class GuestReads {

  private static final String MEMORY = "192MiB";
  private static final long BYTES_OF_EACH_SIZE = 8 << 20;

  /** Each takes half a minute. */
  private static final int MOST_RUNS = 3;

  private static final Duration LIMIT = Duration.ofMinutes(20);
  private static final int PORT = 7410;
  private static final int PAGE = 4096;
  private static final int LARGE = 1 << 20;
  private static final double KNOWN_LIMIT = 1.3;
  private static final double LOOKUP_LIMIT = 2.3;
  private static final double BANDWIDTH_LIMIT = 0.9;

  /** Arguments: the program of the agent, its configuration, its token file, and the probe. */
  private static final String SCRIPT =
      """
      "$1" --config "$2" &
      until [ -s "$3" ]; do kill -0 $! || exit 1; sleep 0.2; done
      shift 3
      exec "$@"
      """;

  private GuestReads() {}

  static List<Result> measure(String benchmark, BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    ReadProbe probe = new ReadProbe("RDMA in a guest", "ib_read_lat", "ib_read_bw");
    List<String> output = new ArrayList<>();
    Guest guest =
        new Guest(
            images.workspace(),
            "guest",
            GuestKernel.cached(System.err::println),
            line -> {
              output.add(line);
              System.err.println("    " + line);
            });
    Path figures = guest.directory().resolve("rdma.json");
    Path token = Path.of("/tmp/token");
    Probe.Task task =
        new Probe.Task(
            "rdma",
            "127.0.0.1:" + PORT,
            token,
            BYTES_OF_EACH_SIZE,
            Math.min(runs, MOST_RUNS),
            Guest.RDMA_ADDRESS,
            figures);
    Path configuration = guest.directory().resolve("agent.toml");
    Files.writeString(configuration, configuration(token));
    Command java = ReadProbe.command(task, "-Djava.library.path=" + images.tree().libraries());
    Command script =
        Command.of("sh", "-euc", SCRIPT, "probe", images.tree().program("harbour-agent"))
            .withArguments(configuration, token)
            .withArguments(java.arguments().toArray());
    Guest.Outcome outcome =
        guest.run(
            new Command(script.arguments(), java.environment(), LIMIT)
                // an AOT cache of this machine does not fit there
                .withEnvironment("HARBOUR_JAVA_OPTIONS", "-XX:AOTMode=off")
                .withEnvironment("JAVA_HOME", System.getProperty("java.home")));
    if (outcome.exit() != 0) {
      throw new HarbourException(
          "the reads in the guest ended with %d: %s"
              .formatted(outcome.exit(), String.join("\n", output)));
    }
    List<ReadComparison> comparisons = probe.compare(benchmark, ReadProbe.read(figures));
    List<Result> results = new ArrayList<>(comparisons);
    ReadComparison known = probe.find(comparisons, Kind.KNOWN, PAGE);
    ReadComparison lookedUp = probe.find(comparisons, Kind.LOOKED_UP, PAGE);
    ReadComparison many = probe.find(comparisons, Kind.CHANNEL, LARGE);
    results.add(
        Goal.atMost(
            benchmark,
            "RDMA, address known, 4 KiB, beside ib_read_lat",
            latency(known),
            KNOWN_LIMIT));
    results.add(
        Goal.atMost(
            benchmark,
            "RDMA, first lookup, 4 KiB, beside ib_read_lat",
            latency(lookedUp),
            LOOKUP_LIMIT));
    double bandwidth = many.harbour().bandwidth().ratioTo(many.baseline().bandwidth());
    results.add(
        Goal.atLeast(
            benchmark,
            "RDMA, bandwidth, 1 MiB, %d in flight".formatted(Probe.MANY),
            bandwidth,
            BANDWIDTH_LIMIT));
    return results;
  }

  private static String configuration(Path token) {
    return """
        id = "agent"
        listen = "127.0.0.1:%d"
        memory = "%s"
        transports = ["rdma"]
        rdma-addresses = ["%s"]

        [security]
        token-file = "%s"
        """
        .formatted(PORT, MEMORY, Guest.RDMA_ADDRESS, token);
  }

  private static double latency(ReadComparison reads) {
    return reads.harbour().median().ratioTo(reads.baseline().median());
  }
}
