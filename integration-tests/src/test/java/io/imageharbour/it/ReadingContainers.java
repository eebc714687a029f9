package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Traces;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * Containers of a node that has nothing of their image but the tree. Each reads files that were not
 * read there before and has to get their right bytes. What the registry brings comes with many more
 * than were asked for, so a node serves for one bad day only.
 */
final class ReadingContainers {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** An agent forgets a client after a minute, and ends with it what the client has left open. */
  private static final Duration LEFT_OPEN = Duration.ofSeconds(20);

  /** Files that a container reads at once. */
  private static final int GROUP = 40;

  /** Files that a container reads at once, and how often, while something happens. */
  private static final int FEW = 10;

  private static final int LEAST_OFTEN = 10;
  private static final int MOST_OFTEN = 40;

  /** So often a command runs whose output is lost. */
  private static final int ATTEMPTS = 3;

  private final Node node;
  private final RegistryServer registry;
  private final String image;
  private final int agents;
  private final List<String> sums;
  private int used;

  /** Something that happens meanwhile. */
  @FunctionalInterface
  interface Trouble {
    void run() throws Exception;
  }

  /** Its end. */
  @FunctionalInterface
  interface Recovery {

    /** Has it end; the container still runs. */
    void run(String container) throws Exception;
  }

  /**
   * Containers of a node that has pulled the image.
   *
   * @param registry that it has the image from
   * @param agents that the node is connected to while nothing is wrong
   * @param sums of files of the image, as {@link #sums} has them
   */
  ReadingContainers(
      Node node, RegistryServer registry, String image, int agents, List<String> sums) {
    this.node = node;
    this.registry = registry;
    this.image = image;
    this.agents = agents;
    this.sums = sums;
  }

  /** Lines as sha256sum prints them, of small files in any order, by containerd's overlayfs. */
  static List<String> sums(Ctr ctr, String original) throws IOException, InterruptedException {
    ctr.pull(Snapshotter.OVERLAYFS, original);
    return ctr.run(
            Snapshotter.OVERLAYFS,
            original,
            "sh",
            "-c",
            "find /usr -xdev -type f -size -200 | sort -R --random-source=/bin/sh"
                + " | xargs -d '\\n' sha256sum")
        .output()
        .lines()
        .toList();
  }

  /**
   * A container that ran before reads on through it, and one that starts afterwards reads. In the
   * end harbourd holds nothing more of the pool than it did before.
   */
  void whileThisHappens(Trouble trouble, Recovery recovery) throws Exception {
    String container = node.ctr().start(Snapshotter.HARBOUR, image, "sleep", "infinity");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertHits();
      Traces before = traces();
      int cached = node.harbourd().cached().size();
      AtomicBoolean over = new AtomicBoolean();
      Future<?> reading =
          threads.submit(
              () -> {
                for (int i = 0; i < MOST_OFTEN && (i < LEAST_OFTEN || !over.get()); i++) {
                  assertReads(Optional.of(container), unread(FEW));
                }
                return true;
              });
      try {
        Await.until("first files", LIMIT, () -> node.harbourd().cached().size() > cached);
        assertThat(reading.isDone()).as("still reading").isFalse();
        trouble.run();
      } finally {
        over.set(true);
      }
      reading.get();
      assertReads(Optional.of(container));
      assertReads(Optional.empty());
      recovery.run(container);
      assertReads(Optional.of(container));
      awaitConnected();
      Traces.awaitNoMore(before, this::traces, LEFT_OPEN);
    } finally {
      node.ctr().remove(container);
    }
  }

  /** Files are read out of the pool, and counted. */
  void assertHits() throws Exception {
    awaitConnected();
    List<String> counters =
        List.of(
            "harbour_pool_hits_total",
            "harbour_source_bytes_total{source=\"pool\"}",
            "harbour_source_seconds_total{source=\"pool\"}");
    List<Double> before = metrics(counters);
    assertReads(Optional.empty());
    List<Double> now = metrics(counters);
    for (int i = 0; i < counters.size(); i++) {
      assertThat(now.get(i)).as(counters.get(i)).isGreaterThan(before.get(i));
    }
  }

  /** Reads files in a container that runs, or else in a new one. */
  void assertReads(Optional<String> container) throws IOException, InterruptedException {
    assertReads(container, unread(GROUP));
  }

  /** Waits until the node can read all agents. */
  void awaitConnected() throws IOException, InterruptedException {
    awaitMetric("harbour_pool_connected", agents);
  }

  /** Waits until a metric of the node has this value. */
  void awaitMetric(String name, double value) throws IOException, InterruptedException {
    Await.until(name + " to be " + value, LIMIT, () -> node.harbourd().metric(name) == value);
  }

  private void assertReads(Optional<String> container, List<String> lines)
      throws IOException, InterruptedException {
    String[] command =
        Stream.concat(
                Stream.of("sha256sum"),
                lines.stream().map(line -> line.substring(line.indexOf('/'))))
            .toArray(String[]::new);
    String expected = String.join("\n", lines);
    String output =
        container.isPresent()
            ? exec(container.get(), expected, command)
            : node.ctr().run(Snapshotter.HARBOUR, image, command).output();
    assertThat(output.lines().toList()).isEqualTo(lines);
  }

  /**
   * What a command prints in a container. {@code ctr} may lose the end of it, or all, when the
   * command ends quickly: then it runs again.
   *
   * @see <a href="https://github.com/containerd/containerd/pull/13931">ctr: drain exec output</a>
   */
  private String exec(String container, String expected, String... command)
      throws IOException, InterruptedException {
    String output = "";
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Command.Output ended = node.ctr().exec(container, command);
      assertThat(ended.exit()).as(ended.errors()).isZero();
      output = ended.text();
      if (output.length() >= expected.length() || !expected.startsWith(output)) {
        break;
      }
      System.out.printf("ctr lost output of %s, attempt %d%n", command[0], attempt);
    }
    return output;
  }

  private synchronized List<String> unread(int files) {
    used += files;
    assertThat(used).as("files read").isLessThanOrEqualTo(sums.size());
    return sums.subList(used - files, used);
  }

  private Traces traces() throws IOException {
    return Traces.of(node.harbourd().process(), registry);
  }

  private List<Double> metrics(List<String> names) throws IOException {
    List<Double> values = new ArrayList<>();
    for (String name : names) {
      values.add(node.harbourd().metric(name));
    }
    return values;
  }
}
