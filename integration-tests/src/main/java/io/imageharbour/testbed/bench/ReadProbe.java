package io.imageharbour.testbed.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.bench.ReadComparison.Reads;
import io.imageharbour.testbed.bench.pool.Probe;
import io.imageharbour.testbed.bench.pool.ReadFigures;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command that runs {@link Probe}, and what its figures say.
 *
 * @param transport as people call it
 * @param beside what reads are compared with where there is one at a time
 * @param besideMany the same where there are many
 */
record ReadProbe(String transport, String beside, String besideMany) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Java with the flags of the start scripts, as this process has them. */
  static Command command(Probe.Task task, Object... flags) {
    return Command.of(Path.of(System.getProperty("java.home"), "bin/java"))
        .withArguments(ManagementFactory.getRuntimeMXBean().getInputArguments().toArray())
        .withArguments("-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx512m")
        .withArguments(flags)
        .withArguments(Probe.class.getName())
        .withArguments(task.arguments().toArray())
        .withEnvironment("CLASSPATH", System.getProperty("java.class.path"));
  }

  static List<ReadFigures> read(Path output) throws IOException {
    return JSON.readValue(output.toFile(), new TypeReference<List<ReadFigures>>() {});
  }

  /** Each way of reading that is in there, beside its baseline, by size. */
  List<ReadComparison> compare(String benchmark, List<ReadFigures> figures) {
    List<ReadComparison> comparisons = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      if (kind != Kind.BASELINE) {
        figures.stream()
            .filter(figure -> figure.kind() == kind)
            .mapToInt(ReadFigures::size)
            .distinct()
            .sorted()
            .forEach(size -> comparisons.add(compare(benchmark, kind, size, figures)));
      }
    }
    return comparisons;
  }

  private ReadComparison compare(String benchmark, Kind kind, int size, List<ReadFigures> figures) {
    int inFlight = kind == Kind.CHANNEL ? Probe.MANY : 1;
    return new ReadComparison(
        benchmark,
        how(kind),
        size,
        inFlight == 1 ? beside : besideMany,
        reads(Kind.BASELINE, size, inFlight, figures),
        reads(kind, size, inFlight, figures));
  }

  private static Reads reads(Kind kind, int size, int inFlight, List<ReadFigures> figures) {
    Reads reads = new Reads();
    for (ReadFigures figure : figures) {
      if (figure.kind() == kind && figure.size() == size && figure.inFlight() == inFlight) {
        // some programs tell of the bandwidth alone
        if (!Double.isNaN(figure.median())) {
          reads.median().add(figure.median());
          reads.p99().add(figure.p99());
        }
        reads.bandwidth().add(figure.bandwidth());
      }
    }
    return reads;
  }

  /** One of the comparisons. */
  ReadComparison find(List<ReadComparison> comparisons, Kind kind, int size) {
    return comparisons.stream()
        .filter(one -> one.how().equals(how(kind)) && one.size() == size)
        .findFirst()
        .orElseThrow();
  }

  private String how(Kind kind) {
    return transport + ", " + words(kind);
  }

  private static String words(Kind kind) {
    return switch (kind) {
      case BASELINE -> throw new IllegalArgumentException("nothing is compared with itself");
      case KNOWN -> "address known";
      case LOOKED_UP -> "lookup and read";
      case LOOKED_UP_AND_HASHED -> "lookup, read and hash";
      case FIRST_TOUCHED -> "lookup and read by a client that has just connected";
      case CHANNEL -> "address known, %d in flight".formatted(Probe.MANY);
    };
  }
}
