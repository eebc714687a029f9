package io.imageharbour.testbed.bench.pool;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that fills an agent's memory and measures reads of it by one transport, and the
 * transport's baseline by turns.
 */
public final class Probe {

  /** The sizes of contents that are read, in bytes. */
  private static final List<Integer> SIZES = List.of(2, 64, 4096, 64 << 10, 256 << 10, 1 << 20);

  /** The size that is read in more ways than the others. */
  private static final int PAGE = 4096;

  /** How many reads are on their way where there are many. */
  public static final int MANY = 16;

  /** After so many passes nothing is compiled any more. */
  private static final int WARM_UP = 3;

  private final PoolSide side;
  private final Baseline baseline;
  private final List<ReadFigures> figures = new ArrayList<>();

  /**
   * What the program is told.
   *
   * @param transport shm, tcp or rdma
   * @param agent {@code host:port} of its gRPC service
   * @param tokenFile what it wants to be shown
   * @param bytes that the contents of each size have together, about
   * @param passes how often everything is measured
   * @param address of the RDMA device, for rdma
   * @param output the file that {@link ReadFigures} are written to, as JSON
   */
  public record Task(
      String transport,
      String agent,
      Path tokenFile,
      long bytes,
      int passes,
      String address,
      Path output) {

    /** As arguments of {@code main}. */
    public List<String> arguments() {
      return List.of(
          transport,
          agent,
          tokenFile.toString(),
          Long.toString(bytes),
          Integer.toString(passes),
          address,
          output.toString());
    }

    private static Task of(String[] arguments) {
      return new Task(
          arguments[0],
          arguments[1],
          Path.of(arguments[2]),
          Long.parseLong(arguments[3]),
          Integer.parseInt(arguments[4]),
          arguments[5],
          Path.of(arguments[6]));
    }
  }

  private Probe(PoolSide side, Baseline baseline) {
    this.side = side;
    this.baseline = baseline;
  }

  /** Measures, and writes what it measured. */
  public static void main(String[] arguments) throws InterruptedException {
    ProcessLog.begin();
    ProcessLog.setLevel("warn");
    Task task = Task.of(arguments);
    try {
      PoolSide side =
          new PoolSide(
              AgentAddress.at("agent", task.agent(), 1),
              PoolSecurity.ofToken(task.tokenFile()),
              task.transport());
      try (Baseline baseline = baseline(task)) {
        Probe probe = new Probe(side, baseline);
        probe.measure(task.bytes(), task.passes());
        new ObjectMapper().writeValue(task.output().toFile(), probe.figures);
      }
    } catch (IOException e) {
      System.err.println(e instanceof HarbourException ? e.getMessage() : e.toString());
      System.exit(1);
    }
    // a client's threads may still be saying goodbye
    System.exit(0);
  }

  private static Baseline baseline(Task task) throws IOException {
    return switch (task.transport()) {
      case "shm" -> new MemoryCopies();
      case "tcp" -> SocketReads.open();
      case "rdma" -> new PerftestReads(task.address());
      default -> throw new IllegalArgumentException(task.transport());
    };
  }

  private void measure(long bytes, int passes) throws IOException, InterruptedException {
    List<Contents> contents = new ArrayList<>();
    say("filling the pool");
    try (PoolClient pool = side.newClient()) {
      for (int size : SIZES) {
        contents.add(Contents.fill(pool, size, bytes));
      }
      for (int i = 0; i < contents.size(); i++) {
        contents.set(i, contents.get(i).stillIn(pool));
      }
    }
    for (int i = 0; i < WARM_UP; i++) {
      say("warming up, pass %d of %d".formatted(i + 1, WARM_UP));
      pass(contents, !baseline.isCompiled());
    }
    figures.clear();
    for (int i = 0; i < passes; i++) {
      say("measuring, pass %d of %d".formatted(i + 1, passes));
      pass(contents, true);
    }
  }

  private static void say(String what) {
    System.err.println("probe: " + what);
  }

  private void pass(List<Contents> all, boolean withBaseline)
      throws IOException, InterruptedException {
    Contents pages = all.stream().filter(c -> c.size() == PAGE).findFirst().orElseThrow();
    if (side.maps()) {
      try (ClientReads reads = new ClientReads(side.newClient())) {
        figures.add(reads.lookUp(Kind.FIRST_TOUCHED, pages));
      }
    }
    try (ClientReads reads = newReader(all)) {
      for (Contents contents : all) {
        if (withBaseline) {
          figures.add(baseline.measure(contents, 1));
        }
        figures.add(reads.lookUp(Kind.LOOKED_UP, contents));
        figures.add(reads.readKnown(contents));
      }
    }
    try (ClientReads reads = newReader(List.of(pages))) {
      figures.add(reads.lookUp(Kind.LOOKED_UP_AND_HASHED, pages));
    }
    for (Contents contents : all) {
      if (withBaseline) {
        figures.add(baseline.measure(contents, MANY));
      }
      // not while the baseline is measured: a session that is not heard of ends
      try (ChannelReads reads = ChannelReads.open(side)) {
        figures.add(reads.measure(contents, MANY));
      }
    }
  }

  /** One that knows no address; but it has touched the memory if it is to touch it itself. */
  private ClientReads newReader(List<Contents> all) throws IOException, InterruptedException {
    ClientReads reads = new ClientReads(side.newClient());
    if (side.maps()) {
      for (Contents contents : all) {
        reads.touch(contents);
      }
    }
    return reads;
  }
}
