package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.process.ProcessLog;
import io.imageharbour.testbed.ColdStart.Subject;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * {@code ./dev quickstart}: shows on one machine, in a minute or two, what Harbour does. It starts
 * a registry, a containerd and a harbourd in one directory, converts an image, starts it cold from
 * the original with overlayfs and from the index image with Harbour, and leaves everything running.
 */
public final class Quickstart {

  /** Another directory is for tests, so that they leave alone what somebody plays with. */
  private static final Path DIRECTORY =
      Path.of(System.getProperty("harbour.quickstart", "/var/lib/harbour-quickstart"));

  private static final String POOL = "--pool";
  private static final String POOL_MEMORY = "512MiB";
  private static final Duration CONNECTION_LIMIT = Duration.ofSeconds(30);
  private static final List<String> PYTHON =
      List.of("python3", "-c", "import numpy; print(numpy.arange(3).sum())");

  private final Workspace workspace;
  private final HarbourTree tree;
  private final PrintStream out;
  private final Progress progress;

  private Quickstart(Workspace workspace, HarbourTree tree, PrintStream out) {
    this.workspace = workspace;
    this.tree = tree;
    this.out = out;
    this.progress = new Progress(out);
  }

  public static void main(String[] arguments) throws InterruptedException {
    ProcessLog.begin();
    ProcessLog.setLevel("warn");
    List<String> words = new ArrayList<>(List.of(arguments));
    boolean withPool = !words.isEmpty() && words.getFirst().equals(POOL);
    if (withPool) {
      words.removeFirst();
    }
    try {
      if (!withPool && words.equals(List.of("--down"))) {
        down(System.out);
      } else if (!words.isEmpty() && words.getFirst().startsWith("-")) {
        System.err.println("usage: ./dev quickstart [--pool] [IMAGE [COMMAND...]] | --down");
        System.exit(64);
      } else {
        up(words, withPool, System.out);
      }
    } catch (IOException e) {
      System.err.println("./dev quickstart: " + explain(e));
      System.err.println("What it made so far, with the logs, is in " + DIRECTORY);
      System.err.println("./dev quickstart --down removes it, and so does the next run.");
      System.exit(1);
    }
  }

  private static void up(List<String> words, boolean withPool, PrintStream out)
      throws IOException, InterruptedException {
    HarbourTree tree = HarbourTree.locate();
    Workspace workspace =
        new Progress(out)
            .step("Everything goes into " + DIRECTORY, () -> Workspace.create(DIRECTORY));
    Optional<String> image = words.stream().findFirst();
    new Quickstart(workspace, tree, out)
        .run(image, words.subList(Math.min(1, words.size()), words.size()), withPool);
  }

  private static void down(PrintStream out) throws IOException, InterruptedException {
    if (!Files.exists(DIRECTORY)) {
      out.println("Nothing to remove: there is no " + DIRECTORY);
      return;
    }
    Workspace.remove(DIRECTORY);
    out.println("Removed every process, mount and file of " + DIRECTORY);
    Path images = TestImages.cached(out::println).directory();
    if (Files.exists(images)) {
      out.println("Kept for the next run: the image that was built, in " + images);
    }
  }

  private void run(Optional<String> image, List<String> command, boolean withPool)
      throws IOException, InterruptedException {
    // Not closed: all of it is left running.
    RegistryServer registry =
        progress.step(
            "Starting a registry, containerd and harbourd",
            () -> RegistryServer.start(workspace, "registry", Network.loopback()));
    Node node = Node.start(workspace, tree, "n", List.of());

    Subject original =
        image.isPresent()
            ? new Subject(copy(image.get(), registry), command)
            : new Subject(build(registry), PYTHON);
    long originalBytes = registry.storedBytes();
    String indexImage = original.image() + "-harbour";
    JsonNode conversion =
        progress.step(
            "Converting %s (%s)".formatted(original.image(), Quantity.BYTES.show(originalBytes)),
            () -> tree.convert(original.image(), indexImage));
    long convertedBytes = registry.storedBytes() - originalBytes;
    out.printf(
        "    %,d files, %,d of them different%n",
        conversion.path("files").asLong(), conversion.path("uniqueFiles").asLong());

    ColdStart overlayfs =
        progress.step(
            "Starting it from the original with overlayfs, cold",
            () -> ColdStart.measure(node.ctr(), Snapshotter.OVERLAYFS, registry, original));
    ColdStart harbour =
        progress.step(
            "Starting it from the index image with harbour, cold",
            () ->
                ColdStart.measure(
                    node.ctr(),
                    Snapshotter.HARBOUR,
                    registry,
                    new Subject(indexImage, original.command())));
    Optional<Pooled> pooled =
        withPool
            ? Optional.of(startFromPool(registry, new Subject(indexImage, original.command())))
            : Optional.empty();
    printTable(overlayfs, originalBytes, harbour, convertedBytes, pooled);
    printNext(node, original, indexImage, pooled);
  }

  /**
   * A start on a node that has nothing, while the memory pool has the image.
   *
   * @param configuration of the node's harbourd
   * @param whole whether all of the image is in the pool
   */
  private record Pooled(ColdStart start, Path configuration, boolean whole) {}

  private Pooled startFromPool(RegistryServer registry, Subject subject)
      throws IOException, InterruptedException {
    AgentProcess agent =
        progress.step(
            "Starting harbour-agent, which lends %s of memory".formatted(POOL_MEMORY),
            () -> AgentProcess.start(workspace, tree, "agent", POOL_MEMORY));
    Node node =
        Node.start(
            workspace,
            tree,
            "p",
            RegistryAccess.plainHttp(List.of()),
            Optional.of(agent.pool("shm")));
    Path configuration = node.harbourd().configuration();
    Command.Output load =
        progress.step(
            "Loading the image into the pool",
            () ->
                tree.harbourctl(
                        "pool", "load", "--plain-http", "--config", configuration, subject.image())
                    .attempt());
    boolean whole = load.exit() == 0;
    if (!whole) {
      // an image may be larger than the pool: the rest comes from the registry
      (load.text() + "\n" + load.errors())
          .lines()
          .filter(line -> line.startsWith("not ") || line.startsWith("harbourctl"))
          .forEach(line -> out.println("    " + line));
    }
    Await.until(
        "harbourd to be connected to the agent",
        CONNECTION_LIMIT,
        () -> node.harbourd().process().log().contains("event=agent-connected"));
    ColdStart start =
        progress.step(
            "Starting it on another node with harbour, cold, with the pool warm",
            () -> ColdStart.measure(node.ctr(), Snapshotter.HARBOUR, registry, subject));
    return new Pooled(start, configuration, whole);
  }

  private String build(RegistryServer registry) throws IOException, InterruptedException {
    progress.say("Taking Python with numpy on Debian as the image");
    TestImages images = TestImages.cached(line -> out.println("    " + line));
    return registry.add(images.python(), "python-numpy", "1");
  }

  /**
   * Copies an image of any registry, for this machine's platform, to ours: both starts read from
   * there.
   */
  private String copy(String image, RegistryServer registry)
      throws IOException, InterruptedException {
    String name = image.substring(image.lastIndexOf('/') + 1).replaceFirst("@.*", "");
    String target = registry.reference(name.contains(":") ? name : name + ":1");
    boolean local = image.startsWith("127.") || image.startsWith("localhost");
    Command copy =
        Command.of("skopeo", "copy", "--quiet", "--dest-tls-verify=false")
            .withArguments("--src-tls-verify=" + !local, "docker://" + image, "docker://" + target)
            .withTimeout(Duration.ofMinutes(30));
    progress.step("Copying " + image + " to our registry", copy::run);
    return target;
  }

  private void printTable(
      ColdStart overlayfs,
      long originalBytes,
      ColdStart harbour,
      long convertedBytes,
      Optional<Pooled> pool) {
    Optional<ColdStart> pooled = pool.map(Pooled::start);
    TextTable table = new TextTable();
    List<String> head = new ArrayList<>(List.of("", "overlayfs", "harbour", ""));
    pooled.ifPresent(start -> head.addAll(List.of("and pool", "")));
    table.row(head.toArray(String[]::new));
    row(
        table,
        "pull",
        Quantity.SECONDS,
        overlayfs,
        harbour,
        pooled,
        start -> seconds(start.pull()));
    row(
        table,
        "time to first output",
        Quantity.SECONDS,
        overlayfs,
        harbour,
        pooled,
        start -> seconds(start.firstOutput()));
    row(table, "bytes fetched", Quantity.BYTES, overlayfs, harbour, pooled, ColdStart::bytes);
    List<String> stored = cells("bytes in the registry", Quantity.BYTES, originalBytes);
    stored.addAll(beside(Quantity.BYTES, originalBytes, convertedBytes));
    table.row(stored.toArray(String[]::new));
    out.println();
    table.lines().forEach(out::println);
    pool.ifPresent(
        it ->
            out.println(
                "\n\"bytes fetched\" are the registry's. With the pool: the index%s."
                    .formatted(it.whole() ? " alone" : ", and what the pool does not have")));
  }

  private static void row(
      TextTable table,
      String what,
      Quantity quantity,
      ColdStart overlayfs,
      ColdStart harbour,
      Optional<ColdStart> pooled,
      ToDoubleFunction<ColdStart> value) {
    double base = value.applyAsDouble(overlayfs);
    List<String> cells = cells(what, quantity, base);
    cells.addAll(beside(quantity, base, value.applyAsDouble(harbour)));
    pooled.ifPresent(start -> cells.addAll(beside(quantity, base, value.applyAsDouble(start))));
    table.row(cells.toArray(String[]::new));
  }

  private static List<String> cells(String what, Quantity quantity, double value) {
    return new ArrayList<>(List.of(what, quantity.show(value)));
  }

  private static List<String> beside(Quantity quantity, double base, double value) {
    return List.of(quantity.show(value), "%.0f %%".formatted(100 * value / base));
  }

  private void printNext(Node node, Subject original, String indexImage, Optional<Pooled> pooled) {
    String command = original.command().isEmpty() ? "" : " " + original.command().getFirst();
    out.printf(
        """

        It all goes on running. To play with it:

          export CONTAINERD_ADDRESS=%s CONTAINERD_NAMESPACE=%s
          export PATH=$PATH:%s
          ctr run --rm --tty --snapshotter harbour %s play%s
          ctr run --rm --tty --snapshotter overlayfs %s play%s
          harbourctl ls --plain-http %s /usr
          findmnt --list --types fuse,erofs,overlay
          less %s
        %s
        When you have seen enough: ./dev quickstart --down
        """,
        node.ctr().socket(),
        node.ctr().namespace(),
        tree.directory().resolve("bin"),
        indexImage,
        command,
        original.image(),
        command,
        indexImage,
        node.harbourd().process().logFile(),
        pooled
            .map(pool -> "  harbourctl pool status --config " + pool.configuration() + "\n")
            .orElse(""));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static String explain(IOException e) {
    return e instanceof HarbourException ? String.valueOf(e.getMessage()) : e.toString();
  }
}
