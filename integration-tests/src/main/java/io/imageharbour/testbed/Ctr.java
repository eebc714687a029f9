package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * containerd's own client, for one containerd and one of its namespaces. Safe for several threads.
 */
public final class Ctr {

  /** More than this, with a NUL at the end, mount(2) does not take. */
  private static final int PAGE = 4096;

  private static final Duration RUN_LIMIT = Duration.ofMinutes(5);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AtomicInteger CONTAINERS = new AtomicInteger();

  private final Command program;
  private final Path socket;
  private final String namespace;

  /**
   * Makes a client.
   *
   * @param program {@code ctr}, without arguments
   */
  public Ctr(Command program, Path socket, String namespace) {
    this.program = program;
    this.socket = socket;
    this.namespace = namespace;
  }

  /** What a container did. */
  public record ContainerRun(String output, Duration untilFirstOutput, Duration untilEnd) {}

  /** {@code ctr} with further arguments. */
  public Command command(Object... arguments) {
    return program
        .withArguments("--address", socket, "--namespace", namespace)
        .withArguments(arguments)
        .withTimeout(RUN_LIMIT);
  }

  public Path socket() {
    return socket;
  }

  public String namespace() {
    return namespace;
  }

  /** Pulls and unpacks an image for this machine's platform over plain HTTP. */
  public void pull(Snapshotter snapshotter, String image) throws IOException, InterruptedException {
    pullCommand(snapshotter, image).run();
  }

  /** The command that {@link #pull} runs. */
  public Command pullCommand(Snapshotter snapshotter, String image) {
    return command("images", "pull", "--plain-http", "--snapshotter", snapshotter.id(), image);
  }

  /** Runs a command in a new container of an image that has been pulled, and removes it again. */
  public ContainerRun run(Snapshotter snapshotter, String image, String... command)
      throws IOException, InterruptedException {
    return run(snapshotter, image, List.of(), command);
  }

  /** As {@link #run(Snapshotter, String, String...)}, with further options of {@code ctr run}. */
  public ContainerRun run(
      Snapshotter snapshotter, String image, List<String> options, String... command)
      throws IOException, InterruptedException {
    return measured(
        command("run", "--rm", "--snapshotter", snapshotter.id())
            .withArguments(options.toArray())
            .withArguments(image, newContainer())
            .withArguments((Object[]) command));
  }

  /**
   * Runs a command, or the image's own where none is given, until it writes something or ends, and
   * removes the container.
   *
   * @return how long that took
   */
  public Duration untilFirstOutput(
      Snapshotter snapshotter, String image, List<String> options, List<String> command)
      throws IOException, InterruptedException {
    String container = newContainer();
    Command run =
        command("run", "--rm", "--snapshotter", snapshotter.id())
            .withArguments(options.toArray())
            .withArguments(image, container)
            .withArguments(command.toArray());
    long start = System.nanoTime();
    Process process = run.start();
    try (InputStream out = process.getInputStream();
        InputStream err = process.getErrorStream()) {
      process.getOutputStream().close();
      Await.until(
          "output of " + run,
          RUN_LIMIT,
          () -> out.available() > 0 || err.available() > 0 || !process.isAlive());
      Duration taken = Duration.ofNanos(System.nanoTime() - start);
      if (!process.isAlive() && process.exitValue() != 0) {
        throw new CommandFailedException(
            "%s: exit code %d: %s"
                .formatted(
                    run,
                    process.exitValue(),
                    Command.tail(new String(err.readAllBytes(), StandardCharsets.UTF_8), 2000)));
      }
      return taken;
    } finally {
      command("task", "kill", "--signal", "SIGKILL", container).attempt();
      if (!process.waitFor(RUN_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }

  /** Starts a container that goes on running; answers its name, for {@link #exec}. */
  public String start(Snapshotter snapshotter, String image, String... command)
      throws IOException, InterruptedException {
    String container = newContainer();
    command("run", "--detach", "--null-io", "--snapshotter", snapshotter.id(), image, container)
        .withArguments((Object[]) command)
        .run();
    return container;
  }

  /** Runs a command in a container that runs, and answers its output and exit code. */
  public Command.Output exec(String container, String... command)
      throws IOException, InterruptedException {
    return command("task", "exec", "--exec-id", newContainer(), container)
        .withArguments((Object[]) command)
        .attempt();
  }

  /** Kills and removes a container. */
  public void remove(String container) throws IOException, InterruptedException {
    command("task", "delete", "--force", container).attempt();
    command("container", "delete", container).run();
  }

  /** Kills and removes every container. */
  void removeContainers() throws IOException, InterruptedException {
    for (String container : command("container", "list", "--quiet").run().text().lines().toList()) {
      remove(container);
    }
  }

  /** Removes an image, and with it, before this returns, whatever nothing else refers to. */
  public void removeImage(String image) throws IOException, InterruptedException {
    command("images", "remove", "--sync", image).run();
  }

  /** The keys of the snapshots. */
  public List<String> snapshots(Snapshotter snapshotter) throws IOException, InterruptedException {
    return command("snapshots", "--snapshotter", snapshotter.id(), "list")
        .run()
        .text()
        .lines()
        .skip(1)
        .map(line -> line.split("\\s+")[0])
        .toList();
  }

  /** Mounts the tree of an image that has been pulled, writable, on a directory. */
  public void mountImage(Snapshotter snapshotter, String image, Path target)
      throws IOException, InterruptedException {
    mountSnapshot(snapshotter, chainId(image), target);
  }

  /** Mounts the tree of a committed snapshot, writable, on a directory. */
  public void mountSnapshot(Snapshotter snapshotter, String parent, Path target)
      throws IOException, InterruptedException {
    // "ctr images mount" takes no notice of --snapshotter
    String mounts =
        command("snapshots", "--snapshotter", snapshotter.id(), "prepare", "--mounts")
            .withArguments(target, parent)
            .run()
            .text();
    List<String> options = new ArrayList<>();
    JSON.readTree(mounts).path(0).path("Options").forEach(option -> options.add(option.asText()));
    mountOverlay(target, String.join(",", options));
  }

  /**
   * With one system call, as containerd does it: mount(8) cuts long options. Those that are longer
   * than a page containerd makes shorter by standing in the directory that the lower ones share.
   */
  private static void mountOverlay(Path target, String options)
      throws IOException, InterruptedException {
    if (options.length() < PAGE) {
      Mounts.mount("overlay", target, "overlay", 0, options);
      return;
    }
    Matcher first = Pattern.compile("lowerdir=(.*?)/\\d+/fs:").matcher(options);
    if (!first.find()) {
      throw new IllegalStateException("no lower directories that can be shortened: " + options);
    }
    String shared = first.group(1);
    int lower = first.start();
    String shorter =
        options.substring(0, lower) + options.substring(lower).replace(shared + "/", "");
    Command.of("sh", "-euc", "cd \"$0\" && mount -t overlay -o \"$1\" overlay \"$2\"")
        .withArguments(shared, shorter, target)
        .run();
  }

  /** Undoes {@link #mountImage} or {@link #mountSnapshot}. */
  public void unmountImage(Snapshotter snapshotter, Path target)
      throws IOException, InterruptedException {
    Command.of("umount", target).run();
    command("snapshots", "--snapshotter", snapshotter.id(), "remove", target).run();
  }

  /** The name of the snapshot that an image of this machine's platform was unpacked to. */
  public String chainId(String image) throws IOException, InterruptedException {
    String digest =
        command("images", "list")
            .run()
            .text()
            .lines()
            .map(line -> line.split("\\s+"))
            .filter(columns -> columns[0].equals(image))
            .map(columns -> columns[2])
            .findFirst()
            .orElseThrow(() -> new HarbourException("containerd has no image " + image));
    JsonNode manifest = content(digest);
    for (JsonNode entry : manifest.path("manifests")) {
      if (entry.at("/platform/architecture").asText().equals(TestImages.architecture())) {
        manifest = content(entry.path("digest").asText());
      }
    }
    String chain = "";
    JsonNode config = content(manifest.at("/config/digest").asText());
    for (JsonNode layer : config.at("/rootfs/diff_ids")) {
      chain = chain.isEmpty() ? layer.asText() : sha256(chain + " " + layer.asText());
    }
    return chain;
  }

  private JsonNode content(String digest) throws IOException, InterruptedException {
    return JSON.readTree(command("content", "get", digest).run().bytes());
  }

  private static String sha256(String text) {
    return Digest.sha256(text.getBytes(StandardCharsets.UTF_8)).toString();
  }

  private static String newContainer() {
    return "c" + ProcessHandle.current().pid() + "-" + CONTAINERS.incrementAndGet();
  }

  private static ContainerRun measured(Command command) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process = command.start();
    try (InputStream out = process.getInputStream();
        InputStream err = process.getErrorStream()) {
      process.getOutputStream().close();
      byte[] first = out.readNBytes(1);
      Duration untilFirst = Duration.ofNanos(System.nanoTime() - start);
      byte[] rest = out.readAllBytes();
      String errors = new String(err.readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(command.timeout().toSeconds(), TimeUnit.SECONDS)) {
        throw new CommandFailedException(command + ": closed its output and still runs");
      }
      Duration untilEnd = Duration.ofNanos(System.nanoTime() - start);
      String output =
          new String(first, StandardCharsets.UTF_8) + new String(rest, StandardCharsets.UTF_8);
      if (process.exitValue() != 0) {
        throw new CommandFailedException(
            "%s: exit code %d: %s"
                .formatted(command, process.exitValue(), Command.tail(errors + output, 2000)));
      }
      return new ContainerRun(output.strip(), untilFirst, untilEnd);
    } finally {
      process.destroyForcibly();
    }
  }
}
