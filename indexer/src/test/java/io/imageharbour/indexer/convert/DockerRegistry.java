package io.imageharbour.indexer.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real registry of its own, on loopback. */
final class DockerRegistry implements AutoCloseable {

  private final Path directory;
  private final int port;
  private final Process process;
  private final RegistryClient client;

  private DockerRegistry(Path directory, int port, Process process) throws IOException {
    this.directory = directory;
    this.port = port;
    this.process = process;
    this.client = new RegistryClient(RegistrySettings.defaults().withPlainHttp(true));
  }

  static DockerRegistry start() throws IOException {
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "h-reg-");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = directory.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: error, accesslog: {disabled: true}}
        storage:
          filesystem: {rootdirectory: %s/data}
          delete: {enabled: true}
        http: {addr: 127.0.0.1:%d}
        """
            .formatted(directory, port));
    Process process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    DockerRegistry registry = new DockerRegistry(directory, port, process);
    Instant deadline = Instant.now().plusSeconds(30);
    while (!registry.answers()) {
      assertThat(Instant.now()).as("the registry comes up").isBefore(deadline);
    }
    return registry;
  }

  RegistryClient client() {
    return client;
  }

  String host() {
    return "127.0.0.1:" + port;
  }

  Repository repository(String path) throws IOException {
    return client.repository(RepositoryName.parse(host() + "/" + path));
  }

  /** Converts an image of this registry. */
  ConversionSummary convert(String source, String target) throws IOException, InterruptedException {
    return convert(source, target, ConversionOptions.defaults());
  }

  ConversionSummary convert(String source, String target, ConversionOptions options)
      throws IOException, InterruptedException {
    return convert(source, target, options, ConversionListener.SILENT);
  }

  ConversionSummary convert(
      String source, String target, ConversionOptions options, ConversionListener listener)
      throws IOException, InterruptedException {
    return new Converter(client, options)
        .convert(
            ImageReference.parse(host() + "/" + source),
            ImageReference.parse(host() + "/" + target),
            listener);
  }

  /** Where the registry keeps a blob, to be damaged. */
  Path blob(Digest digest) {
    return directory.resolve(
        "data/docker/registry/v2/blobs/sha256/%s/%s/data"
            .formatted(digest.hex().substring(0, 2), digest.hex()));
  }

  /** The bytes of uploads that were begun and neither committed nor cancelled. */
  List<Path> unfinishedUploads(String repository) throws IOException {
    Path uploads =
        directory.resolve("data/docker/registry/v2/repositories/" + repository + "/_uploads");
    if (!Files.exists(uploads)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(uploads)) {
      return files.filter(file -> file.endsWith("data")).toList();
    }
  }

  /**
   * Runs the registry's garbage collector, as an administrator would. (Not with its option {@code
   * --delete-untagged}: before version 3 that takes the images of every OCI index.)
   */
  int collectGarbage() throws IOException, InterruptedException {
    return new ProcessBuilder(
            "docker-registry", "garbage-collect", directory.resolve("config.yml").toString())
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("gc.log").toFile())
        .start()
        .waitFor();
  }

  /** Makes the registry forget a repository; the blobs stay until garbage is collected. */
  void forget(String repository) throws IOException {
    deleteAll(directory.resolve("data/docker/registry/v2/repositories/" + repository));
  }

  Path directory() {
    return directory;
  }

  @Override
  public void close() throws IOException {
    client.close();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    deleteAll(directory);
  }

  private static void deleteAll(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }
}
