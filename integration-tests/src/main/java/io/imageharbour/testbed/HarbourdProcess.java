package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A harbourd of the workspace's own. */
public final class HarbourdProcess implements AutoCloseable {

  private final Path directory;
  private final MetricsPage metrics;
  private final ServerProcess process;

  private HarbourdProcess(Path directory, MetricsPage metrics, ServerProcess process) {
    this.directory = directory;
    this.metrics = metrics;
    this.process = process;
  }

  /**
   * Starts harbourd.
   *
   * @param name of its directory in the workspace, which is made or used as it is
   * @param containerd the directory name of the containerd that it serves
   * @param registries what it is told about registries
   * @param pool what it is told about the memory pool, if there is one
   * @param trees how it mounts trees
   */
  public static HarbourdProcess start(
      Workspace workspace,
      HarbourTree tree,
      String name,
      String containerd,
      RegistryAccess registries,
      Optional<PoolAccess> pool,
      TreeKind trees)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    Path socket = directory.resolve("harbourd.sock");
    Path configuration = directory.resolve("harbourd.toml");
    MetricsPage metrics = new MetricsPage("127.0.0.1:" + Network.freePort());
    Files.writeString(
        configuration,
        """
        root = "%s"
        address = "%s"
        metrics-address = "%s"

        [containerd]
        address = "%s"

        %s
        %s
        %s"""
            .formatted(
                directory.resolve("r"),
                socket,
                metrics.endpoint(),
                ContainerdServer.socket(workspace, containerd),
                registries.toml(),
                trees.toml(),
                pool.map(PoolAccess::toml).orElse("")));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "harbourd " + directory,
            tree.harbourd("--config", configuration),
            directory.resolve("log"),
            () -> accepts(socket));
    return new HarbourdProcess(directory, metrics, process);
  }

  /** Where a harbourd of that name in the workspace listens. */
  public static Path socket(Workspace workspace, String name) {
    return workspace.directory().resolve(name).resolve("harbourd.sock");
  }

  /** Its configuration file. */
  public Path configuration() {
    return directory.resolve("harbourd.toml");
  }

  /** Its root directory. */
  public Path root() {
    return directory.resolve("r");
  }

  /** The digests, in hexadecimal digits, of the files that it has fetched. */
  public Set<String> cached() throws IOException {
    Path cas = root().resolve("cas");
    try (Stream<Path> files = Files.walk(cas)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> cas.relativize(file).toString().replace("/", ""))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** The sum of a metric over all its labels, or with those labels that follow the name. */
  public double metric(String name) throws IOException {
    return metrics.sum(name);
  }

  public ServerProcess process() {
    return process;
  }

  @Override
  public void close() throws HarbourException, InterruptedException {
    process.close();
  }

  private static boolean accepts(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    }
  }
}
