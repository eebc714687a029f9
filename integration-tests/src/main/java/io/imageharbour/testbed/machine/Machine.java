package io.imageharbour.testbed.machine;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.HarbourdProcess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.ServerProcess;
import io.imageharbour.testbed.TreeKind;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A machine that runs another release of Debian, as far as clients of containerd can tell: a mount
 * and a process namespace with that release's files. What a client finds by default is where it
 * looks for it ({@code /etc/containerd/config.toml}, {@code /run/containerd/containerd.sock},
 * {@code /run/harbour/harbourd.sock}), so configurations can be used as users write them. The
 * network is that of this machine.
 *
 * <p>harbourd runs outside, with the Java of this machine; its mounts show in the machine. Whatever
 * runs in the machine ends with it.
 */
public final class Machine implements AutoCloseable {

  private static final Duration END = Duration.ofSeconds(20);
  private static final String PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Workspace workspace;
  private final HarbourTree tree;
  private final String name;
  private final DebianRelease release;
  private final HarbourdProcess harbourd;
  private final ServerProcess namespaces;
  private final ProcessHandle init;

  private Machine(
      Workspace workspace,
      HarbourTree tree,
      String name,
      DebianRelease release,
      HarbourdProcess harbourd,
      ServerProcess namespaces,
      ProcessHandle init) {
    this.workspace = workspace;
    this.tree = tree;
    this.name = name;
    this.release = release;
    this.harbourd = harbourd;
    this.namespaces = namespaces;
    this.init = init;
  }

  /**
   * Starts a machine in which nothing runs, and its harbourd, with nothing in it.
   *
   * @param name distinguishes the machines of a workspace; short, because it is part of mount
   *     options
   */
  public static Machine start(
      Workspace workspace, HarbourTree tree, String name, DebianRelease release)
      throws IOException, InterruptedException {
    Path root = release.root(System.out::println);
    Path shared = workspace.directory(name + "h");
    Path machine = workspace.directory(name + "m");
    for (String part : List.of("m/root", "m/upper", "m/work", "m/containerd", "m/docker", "c")) {
      workspace.directory(name + part);
    }
    Files.createDirectories(shared.resolve("r"));
    Command.of("mount", "--bind", shared, shared).run();
    Command.of("mount", "--make-shared", shared).run();
    HarbourdProcess harbourd =
        HarbourdProcess.start(
            workspace,
            tree,
            name + "h",
            name + "c",
            RegistryAccess.plainHttp(List.of()),
            Optional.empty(),
            TreeKind.AUTO);
    try {
      Path log = machine.resolve("log");
      ServerProcess namespaces =
          ServerProcess.start(
              workspace,
              "the machine " + machine,
              // what is mounted outside comes in, what is mounted inside stays there
              Command.of("unshare", "--mount", "--propagation", "slave")
                  .withArguments("--pid", "--fork", "--kill-child", "sh", "-c")
                  .withArguments(GoPrograms.resource("start"), "start", root, machine, shared)
                  .withArguments(workspace.directory(name + "c")),
              log,
              () -> Files.readString(log).contains("machine is ready"));
      return new Machine(workspace, tree, name, release, harbourd, namespaces, init(namespaces));
    } catch (IOException | InterruptedException e) {
      harbourd.close();
      throw e;
    }
  }

  private static ProcessHandle init(ServerProcess namespaces) throws HarbourException {
    return ProcessHandle.of(namespaces.pid())
        .flatMap(process -> process.children().findFirst())
        .orElseThrow(() -> new HarbourException("a machine ended right after its start"));
  }

  /** A program that runs in the machine, as root and with no more environment than that takes. */
  public Command command(Object... arguments) {
    return Command.of("nsenter", "--target", init.pid(), "--mount", "--pid", "--root", "--wd")
        .withArguments("--", "env", "--ignore-environment", "HOME=/root", "LANG=C.UTF-8", PATH)
        .withArguments(arguments);
  }

  /** Writes a file of the machine, whose name is absolute, with the directories that it takes. */
  public void write(String file, String text) throws IOException, InterruptedException {
    command("sh", "-euc", "mkdir -p \"${1%/*}\"; printf %s \"$2\" >\"$1\"", "write", file, text)
        .run();
  }

  /**
   * Starts containerd with this configuration, and answers the client for it.
   *
   * @throws HarbourException if it is another version than its release is said to have
   */
  public Ctr startContainerd(String configuration) throws IOException, InterruptedException {
    write("/etc/containerd/config.toml", configuration);
    Ctr ctr = ctr(workspace.tag());
    serve("c", "containerd", command("containerd"), ctr.command("version"));
    String versions = ctr.command("version").run().text();
    requireVersion(
        "containerd",
        versions.replaceFirst("(?s).*Server:\\s+Version:\\s+(\\S+).*", "$1"),
        release.containerd());
    return ctr;
  }

  /** The {@code ctr} of the machine, for a namespace of containerd. */
  public Ctr ctr(String namespace) {
    return new Ctr(command("ctr"), Path.of("/run/containerd/containerd.sock"), namespace);
  }

  /** Where the machine's containerd listens, as it is called outside. */
  public Path containerdSocket() {
    return workspace.directory().resolve(name + "c").resolve("containerd.sock");
  }

  /**
   * Starts Docker with this configuration, without a network of its own.
   *
   * @throws HarbourException if it is another version than its release is said to have
   */
  public void startDocker(String configuration) throws IOException, InterruptedException {
    write("/etc/docker/daemon.json", configuration);
    Command dockerd =
        // the first as in the unit of Docker's packages
        command("dockerd", "--containerd=/run/containerd/containerd.sock")
            .withArguments("--iptables=false", "--ip6tables=false", "--bridge=none")
            .withArguments("--cgroup-parent=/" + workspace.tag() + "-docker");
    Command question = command("docker", "version", "--format", "{{.Server.Version}}");
    serve("d", "dockerd", dockerd, question);
    requireVersion("Docker", question.run().text(), release.docker());
  }

  private void requireVersion(String what, String version, String expected)
      throws HarbourException {
    System.out.println("machine %s: %s %s of Debian %s".formatted(name, what, version, release));
    if (!version.matches(expected)) {
      throw new HarbourException(
          "Debian %s has %s %s, and neither DebianRelease nor the documents say so"
              .formatted(release.suite(), what, version));
    }
  }

  private void serve(String part, String what, Command server, Command question)
      throws IOException, InterruptedException {
    ServerProcess.start(
        workspace,
        what + " of the machine " + name,
        server,
        workspace.directory(name + part).resolve("log"),
        () -> question.attempt().exit() == 0);
  }

  public HarbourdProcess harbourd() {
    return harbourd;
  }

  /**
   * {@code harbourctl doctor --json} as if it was called in the machine. It runs with the Java and
   * the {@code ctr} of this machine.
   */
  public Command doctor() throws IOException, InterruptedException {
    Path containerd = copy("/etc/containerd/config.toml");
    Path docker = copy("/etc/docker/daemon.json");
    String script =
        """
        mount -t tmpfs tmpfs /run
        mkdir /run/containerd /run/harbour
        mount --bind "$1" /run/containerd
        mount --bind "$2" /run/harbour
        shift 2
        exec "$@"
        """;
    return Command.of("unshare", "--mount", "--propagation", "private", "sh", "-euc", script)
        .withArguments("doctor", workspace.directory(name + "c"), workspace.directory(name + "h"))
        .withArguments(
            tree.harbourctl("doctor", "--json", "--root", harbourd.root()).arguments().toArray())
        .withArguments("--containerd-config", containerd, "--docker-daemon-config", docker);
  }

  /** A copy outside of a file of the machine; there is none if the machine has no such file. */
  private Path copy(String file) throws IOException, InterruptedException {
    Path copy = workspace.directory(name + "m").resolve(file.substring(file.lastIndexOf('/') + 1));
    Command.Output content = command("cat", file).attempt();
    if (content.exit() == 0) {
      Files.write(copy, content.bytes());
    }
    return copy;
  }

  /** {@code harbourctl pull} into the machine's containerd, run outside; answers what it says. */
  public JsonNode pull(String namespace, String image) throws IOException, InterruptedException {
    return tree.pull(new Ctr(command("ctr"), containerdSocket(), namespace), image);
  }

  /** Ends everything that runs in the machine, then harbourd, and removes what they left. */
  @Override
  public void close() throws IOException, InterruptedException {
    try {
      namespaces.kill();
      Await.until("the machine " + name + " to end", END, () -> !init.isAlive());
    } finally {
      harbourd.close();
    }
    // the logs stay
    for (String part : List.of("m/root", "m/upper", "m/work", "m/containerd", "m/docker", "h/r")) {
      workspace.removeDirectory(name + part);
    }
  }
}
