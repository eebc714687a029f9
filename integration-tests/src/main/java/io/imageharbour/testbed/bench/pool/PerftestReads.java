package io.imageharbour.testbed.bench.pool;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Reads by perftest's programs, in C, with both ends on this machine. {@code ib_read_lat} has one
 * READ on its way and tells how long they take; {@code ib_read_bw} has many and tells how many
 * bytes they bring.
 *
 * @see <a href="https://github.com/linux-rdma/perftest">perftest</a>
 */
final class PerftestReads implements Baseline {

  /** How many bytes are read for a figure, unless those are more or fewer READs than sensible. */
  private static final long BYTES = 24 << 20;

  private static final long FEWEST = 50;
  private static final long MOST = 2000;
  private static final int TRIES = 50;
  private static final int PAIRS = 3;
  private static final long LIMIT_SECONDS = 30;

  /**
   * Columns of {@code ib_read_lat}: size, iterations, least, most, median, mean, deviation, 99 %.
   */
  private static final int LATENCY_COLUMNS = 9;

  private static final int MEDIAN = 4;
  private static final int MEAN = 5;
  private static final int P99 = 7;

  /** Columns of {@code ib_read_bw}: size, iterations, peak, mean in MiB a second, messages. */
  private static final int BANDWIDTH_COLUMNS = 5;

  private static final int MEAN_BANDWIDTH = 3;

  private final String address;

  /**
   * @param address IPv4 address of the RDMA device
   */
  PerftestReads(String address) {
    this.address = address;
  }

  @Override
  public boolean isCompiled() {
    return true;
  }

  @Override
  public ReadFigures measure(Contents contents, int inFlight)
      throws IOException, InterruptedException {
    int size = contents.size();
    String reads = Long.toString(Math.clamp(BYTES / size, FEWEST, MOST));
    List<String> options = List.of("-R", "-F", "-s", Integer.toString(size), "-n", reads);
    if (inFlight == 1) {
      double[] row = run("ib_read_lat", options, size, LATENCY_COLUMNS);
      return new ReadFigures(
          Kind.BASELINE, size, 1, row[MEDIAN] / 1e6, row[P99] / 1e6, size / row[MEAN] * 1e6);
    }
    List<String> deep = new ArrayList<>(options);
    deep.addAll(List.of("-t", Integer.toString(inFlight)));
    double[] row = run("ib_read_bw", deep, size, BANDWIDTH_COLUMNS);
    return new ReadFigures(
        Kind.BASELINE, size, inFlight, Double.NaN, Double.NaN, row[MEAN_BANDWIDTH] * (1 << 20));
  }

  @Override
  public void close() {}

  /** The numbers of the line that begins with the size. */
  private double[] run(String program, List<String> options, int size, int columns)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(options);
    for (int i = 0; i < PAIRS; i++) {
      Optional<String> said = runPair(command);
      if (said.isPresent()) {
        return row(said.get(), size, columns);
      }
    }
    throw new HarbourException(
        "%s did not end within %d s, %d times"
            .formatted(String.join(" ", command), LIMIT_SECONDS, PAIRS));
  }

  /** What the reading end said; empty if the two hang, as they do now and then on Soft-RoCE. */
  private Optional<String> runPair(List<String> command) throws IOException, InterruptedException {
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> reading = new ArrayList<>(command);
    reading.add(address);
    try {
      String said = "";
      // the other end takes a moment to listen
      for (int i = 0; i < TRIES && server.isAlive(); i++) {
        Process client = new ProcessBuilder(reading).redirectErrorStream(true).start();
        try {
          // what it says fits into the pipe
          if (!client.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            return Optional.empty();
          }
          said = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
          if (client.exitValue() == 0) {
            return Optional.of(said);
          }
        } finally {
          client.destroyForcibly();
        }
        Thread.sleep(100);
      }
      throw new HarbourException(String.join(" ", reading) + ": " + said.strip());
    } finally {
      server.destroyForcibly();
      int unused = server.waitFor();
    }
  }

  static double[] row(String output, int size, int columns) throws HarbourException {
    for (String line : output.lines().toList()) {
      String[] words = line.strip().split("\\s+");
      if (words[0].equals(Integer.toString(size)) && words.length >= columns) {
        double[] row = new double[words.length];
        for (int i = 0; i < row.length; i++) {
          row[i] = Double.parseDouble(words[i]);
        }
        return row;
      }
    }
    throw new HarbourException("perftest says nothing of %d bytes: %s".formatted(size, output));
  }
}
