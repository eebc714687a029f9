package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.snapshotter.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A containerd and a harbourd of its own, in one directory. */
final class Node implements AutoCloseable {

  private final Path directory;
  private final Server containerd;
  private Server harbourd;

  private Node(Path directory, Server containerd, Server harbourd) {
    this.directory = directory;
    this.containerd = containerd;
    this.harbourd = harbourd;
  }

  /** Starts both; the directory should have a short name. */
  static Node start(Path directory) throws Exception {
    Files.createDirectories(directory);
    Server harbourd = startHarbourd(directory);
    Path config = directory.resolve("containerd.toml");
    Path socket = directory.resolve("c.sock");
    Files.writeString(
        config,
        """
        version = 2
        root = "%1$s/c-root"
        state = "%1$s/c-state"
        disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.tracing",
          "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs"]
        [grpc]
          address = "%2$s"
        [proxy_plugins.harbour]
          type = "snapshot"
          address = "%1$s/h.sock"
        """
            .formatted(directory, socket));
    try {
      Server containerd =
          Server.start(
              directory.resolve("containerd.log"),
              () ->
                  Files.exists(socket)
                      && Programs.run(
                                  directory, Map.of(), "ctr", "-a", socket.toString(), "version")
                              .exitCode()
                          == 0,
              "containerd",
              "--config",
              config.toString());
      Node node = new Node(directory, containerd, harbourd);
      node.awaitSnapshotter();
      return node;
    } catch (Exception | Error e) {
      harbourd.close();
      throw e;
    }
  }

  /** harbourd's root directory. */
  Path root() {
    return directory.resolve("r");
  }

  /** harbourd's socket. */
  Path socket() {
    return directory.resolve("h.sock");
  }

  Server harbourd() {
    return harbourd;
  }

  /** Starts harbourd again after it was killed or stopped. */
  void restartHarbourd() throws Exception {
    harbourd = startHarbourd(directory);
    awaitSnapshotter();
  }

  /** containerd waits some seconds before it connects again. */
  private void awaitSnapshotter() throws Exception {
    Server.await(
        "containerd has connected",
        () -> tryCtr("snapshots", "--snapshotter", "harbour", "usage").exitCode() == 0);
  }

  /** Starts harbourd as users do, as a process of its own. */
  private static Server startHarbourd(Path directory) throws Exception {
    Path config = directory.resolve("harbourd.toml");
    Files.writeString(
        config,
        """
        root = "%1$s/r"
        address = "%1$s/h.sock"
        [containerd]
        address = "%1$s/c.sock"
        [registry]
        certs-directories = []
        docker-config = "%1$s/docker"
        [fetch]
        timeout = 20
        """
            .formatted(directory));
    return startHarbourd(config, directory.resolve("harbourd.log"));
  }

  /** Starts harbourd with a configuration of one's own, and waits until it is ready. */
  static Server startHarbourd(Path config, Path log) throws Exception {
    long before = Files.exists(log) ? Files.size(log) : 0;
    List<String> command = new ArrayList<>(harbourdCommand());
    // native libraries that it unpacks go with the directory
    command.add(1, "-Djava.io.tmpdir=" + config.toAbsolutePath().getParent());
    command.addAll(List.of("--config", config.toString()));
    return Server.start(
        log,
        () -> Files.readString(log).substring((int) before).contains("event=ready"),
        command.toArray(String[]::new));
  }

  /** How harbourd is started, without its arguments. */
  static List<String> harbourdCommand() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        // it lives for seconds, and is started often
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        "io.imageharbour.snapshotter.Harbourd");
  }

  /** Runs ctr; fails unless it succeeds. */
  String ctr(String... arguments) throws IOException, InterruptedException {
    Programs.Result result = tryCtr(arguments);
    assertThat(result.exitCode())
        .as(
            "ctr %s: %s%n%s",
            String.join(" ", arguments),
            result.output(),
            Files.readString(directory.resolve("harbourd.log")))
        .isZero();
    return result.output();
  }

  Programs.Result tryCtr(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ctr", "-a", directory + "/c.sock"));
    command.addAll(List.of(arguments));
    return Programs.run(directory, Map.of(), command.toArray(String[]::new));
  }

  void pull(String image) throws IOException, InterruptedException {
    ctr("images", "pull", "--plain-http", "--snapshotter", "harbour", image);
  }

  /** Runs a shell command in a new container and returns what it printed. */
  String run(String image, String command) throws IOException, InterruptedException {
    return ctr(runArguments(image, command));
  }

  /** Runs a shell command that may fail in a new container. */
  Programs.Result tryRun(String image, String command) throws IOException, InterruptedException {
    return tryCtr(runArguments(image, command));
  }

  private static String[] runArguments(String image, String command) {
    return new String[] {
      "run",
      "--rm",
      "--snapshotter",
      "harbour",
      image,
      "c" + System.nanoTime(),
      "/bin/sh",
      "-c",
      command
    };
  }

  /** Removes an image and everything that only it needs. */
  void remove(String image) throws IOException, InterruptedException {
    ctr("images", "rm", "--sync", image);
  }

  /** The snapshots that have a directory. */
  List<String> snapshotDirectories() throws IOException {
    try (Stream<Path> all = Files.list(root().resolve("s"))) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** The mounts of EROFS images below harbourd's root. */
  List<MountTable.Mount> trees() throws IOException {
    return MountTable.read().stream()
        .filter(mount -> mount.type().equals("erofs") && mount.target().startsWith(root()))
        .toList();
  }

  /** Bytes of the files in the content store. */
  long cachedBytes() throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(root().resolve("cas"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  /** Deletes the files in the content store. */
  void emptyCache() throws IOException {
    try (Stream<Path> files = Files.walk(root().resolve("cas"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
  }

  @Override
  public void close() throws Exception {
    containerd.close();
    harbourd.close();
    Mountpoints.unmountAllBelow(directory);
  }
}
