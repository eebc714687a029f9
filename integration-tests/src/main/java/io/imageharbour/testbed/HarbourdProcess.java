package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
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
  private final int metricsPort;
  private final ServerProcess process;

  private HarbourdProcess(Path directory, int metricsPort, ServerProcess process) {
    this.directory = directory;
    this.metricsPort = metricsPort;
    this.process = process;
  }

  /**
   * Starts harbourd.
   *
   * @param name of its directory in the workspace, which is made or used as it is
   * @param containerd the directory name of the containerd that it serves
   * @param registries what it is told about registries
   * @param pool what it is told about the memory pool, if there is one
   */
  public static HarbourdProcess start(
      Workspace workspace,
      HarbourTree tree,
      String name,
      String containerd,
      RegistryAccess registries,
      Optional<PoolAccess> pool)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    Path socket = directory.resolve("harbourd.sock");
    Path configuration = directory.resolve("harbourd.toml");
    int metricsPort = Network.freePort();
    Files.writeString(
        configuration,
        """
        root = "%s"
        address = "%s"
        metrics-address = "127.0.0.1:%d"

        [containerd]
        address = "%s"

        %s
        %s"""
            .formatted(
                directory.resolve("r"),
                socket,
                metricsPort,
                ContainerdServer.socket(workspace, containerd),
                registries.toml(),
                pool.map(PoolAccess::toml).orElse("")));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "harbourd " + directory,
            tree.harbourd("--config", configuration),
            directory.resolve("log"),
            () -> accepts(socket));
    return new HarbourdProcess(directory, metricsPort, process);
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

  /** The sum of a metric over all its labels; 0 where there is none of that name. */
  public double metric(String name) throws IOException {
    URI metrics = URI.create("http://127.0.0.1:" + metricsPort + "/metrics");
    String text;
    try (InputStream in = metrics.toURL().openStream()) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    return text.lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
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
