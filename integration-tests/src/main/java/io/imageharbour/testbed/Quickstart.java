package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.HarbourException;
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

/**
 * {@code ./dev quickstart}: shows on one machine, in a minute or two, what Harbour does. It starts
 * a registry, a containerd and a harbourd in one directory, converts an image, starts it cold from
 * the original with overlayfs and from the index image with Harbour, and leaves everything running.
 */
public final class Quickstart {

  private static final Path DIRECTORY = Path.of("/var/lib/harbour-quickstart");
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
    List<String> words = new ArrayList<>(List.of(arguments));
    try {
      if (words.equals(List.of("--down"))) {
        down(System.out);
      } else if (!words.isEmpty() && words.getFirst().startsWith("-")) {
        System.err.println("usage: ./dev quickstart [IMAGE [COMMAND...]] | --down");
        System.exit(64);
      } else {
        up(words, System.out);
      }
    } catch (IOException e) {
      System.err.println("./dev quickstart: " + explain(e));
      System.err.println("What it made so far, with the logs, is in " + DIRECTORY);
      System.err.println("./dev quickstart --down removes it, and so does the next run.");
      System.exit(1);
    }
  }

  private static void up(List<String> words, PrintStream out)
      throws IOException, InterruptedException {
    HarbourTree tree = HarbourTree.locate();
    Workspace workspace =
        new Progress(out)
            .step("Everything goes into " + DIRECTORY, () -> Workspace.create(DIRECTORY));
    Optional<String> image = words.stream().findFirst();
    new Quickstart(workspace, tree, out)
        .run(image, words.subList(Math.min(1, words.size()), words.size()));
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

  private void run(Optional<String> image, List<String> command)
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
    printTable(overlayfs, originalBytes, harbour, convertedBytes);
    printNext(node, original, indexImage);
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
      ColdStart overlayfs, long originalBytes, ColdStart harbour, long convertedBytes) {
    TextTable table = new TextTable().row("", "overlayfs", "harbour", "");
    row(table, "pull", Quantity.SECONDS, seconds(overlayfs.pull()), seconds(harbour.pull()));
    row(
        table,
        "time to first output",
        Quantity.SECONDS,
        seconds(overlayfs.firstOutput()),
        seconds(harbour.firstOutput()));
    row(table, "bytes fetched", Quantity.BYTES, overlayfs.bytes(), harbour.bytes());
    row(table, "bytes in the registry", Quantity.BYTES, originalBytes, convertedBytes);
    out.println();
    table.lines().forEach(out::println);
  }

  private static void row(
      TextTable table, String what, Quantity quantity, double overlayfs, double harbour) {
    table.row(
        what,
        quantity.show(overlayfs),
        quantity.show(harbour),
        "%.0f %%".formatted(100 * harbour / overlayfs));
  }

  private void printNext(Node node, Subject original, String indexImage) {
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
        node.harbourd().process().logFile());
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static String explain(IOException e) {
    return e instanceof HarbourException ? String.valueOf(e.getMessage()) : e.toString();
  }
}
