package io.imageharbour.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A containerd of the workspace's own, with a root, a state directory and a socket of its own. */
public final class ContainerdServer implements AutoCloseable {

  private final Path configuration;
  private final ServerProcess process;
  private final Ctr ctr;

  private ContainerdServer(Path configuration, ServerProcess process, Ctr ctr) {
    this.configuration = configuration;
    this.process = process;
    this.ctr = ctr;
  }

  /**
   * Starts containerd.
   *
   * @param name of its directory in the workspace, which is made or used as it is
   * @param harbourd the socket of the snapshotter {@code harbour}, which need not exist yet
   */
  public static ContainerdServer start(Workspace workspace, String name, Optional<Path> harbourd)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    Path socket = socket(workspace, name);
    Path configuration = directory.resolve("config.toml");
    Files.writeString(configuration, configuration(directory, socket, harbourd));
    Ctr ctr = new Ctr(Command.of("ctr"), socket, workspace.tag());
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "containerd " + directory,
            Command.of("containerd", "--config", configuration),
            directory.resolve("log"),
            () -> Files.exists(socket) && ctr.command("version").attempt().exit() == 0);
    return new ContainerdServer(configuration, process, ctr);
  }

  /** Where a containerd of that name in the workspace listens. */
  static Path socket(Workspace workspace, String name) {
    return workspace.directory().resolve(name).resolve("containerd.sock");
  }

  /** The file that it is configured with. */
  public Path configuration() {
    return configuration;
  }

  /** The client for it. */
  public Ctr ctr() {
    return ctr;
  }

  public ServerProcess process() {
    return process;
  }

  /** Ends the containers that run, then containerd. */
  @Override
  public void close() throws IOException, InterruptedException {
    try {
      if (process.isAlive()) {
        ctr.removeContainers();
      }
    } finally {
      process.close();
    }
  }

  private static String configuration(Path directory, Path socket, Optional<Path> harbourd) {
    String configuration =
        """
        version = 2
        root = "%s"
        state = "%s"
        disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.tracing",
          "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs"]

        [grpc]
          address = "%s"
        """
            .formatted(directory.resolve("root"), directory.resolve("state"), socket);
    return configuration
        + harbourd
            .map(
                """

                [proxy_plugins.harbour]
                  type = "snapshot"
                  address = "%s"
                """
                    ::formatted)
            .orElse("");
  }
}
