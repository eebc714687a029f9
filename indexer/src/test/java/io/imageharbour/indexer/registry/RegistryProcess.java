package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real {@code docker-registry} on a free port, with its data in a directory of the test. */
final class RegistryProcess implements AutoCloseable {

  static final String USER = "captain";
  static final String PASSWORD = "s3cret-p:w";

  /** bcrypt of {@link #PASSWORD}. */
  private static final String HASH = "$2y$05$abcdefghijklmnopqrstuuklV6kQFZIGCvWHBY.LTl0sGXqRzrTRe";

  private final Process process;
  private final int port;

  private RegistryProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static RegistryProcess plain(Path directory) throws IOException, InterruptedException {
    return start(directory, "", "");
  }

  static RegistryProcess withBasicAuthentication(Path directory)
      throws IOException, InterruptedException {
    Path file = directory.resolve("htpasswd");
    Files.writeString(file, USER + ":" + HASH + "\n");
    return start(directory, "auth: {htpasswd: {realm: harbour, path: \"" + file + "\"}}\n", "");
  }

  static RegistryProcess withTls(Path directory, Path certificate, Path key)
      throws IOException, InterruptedException {
    return start(
        directory, "", ", tls: {certificate: \"%s\", key: \"%s\"}".formatted(certificate, key));
  }

  static RegistryProcess withClientCertificates(
      Path directory, Path certificate, Path key, Path clientAuthority)
      throws IOException, InterruptedException {
    return start(
        directory,
        "",
        ", tls: {certificate: \"%s\", key: \"%s\", clientcas: [\"%s\"]}"
            .formatted(certificate, key, clientAuthority));
  }

  private static RegistryProcess start(Path directory, String section, String http)
      throws IOException, InterruptedException {
    int port = freePort();
    Path config = directory.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: error, accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: "%s"}, delete: {enabled: true}}
        %shttp: {addr: "127.0.0.1:%d"%s}
        """
            .formatted(directory.resolve("data"), section, port, http));
    Process process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    RegistryProcess registry = new RegistryProcess(process, port);
    registry.awaitListening(directory.resolve("log"));
    return registry;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitListening(Path log) throws IOException, InterruptedException {
    Deadline deadline = Deadline.in(Duration.ofSeconds(20));
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (deadline.passed() || process.waitFor(20, TimeUnit.MILLISECONDS)) {
          close();
          throw new IOException("docker-registry does not start: " + Files.readString(log), e);
        }
      }
    }
  }

  int port() {
    return port;
  }

  String host() {
    return "127.0.0.1:" + port;
  }

  RepositoryName repository(String path) {
    return new RepositoryName(host(), path);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }

  /** Runs a program to its end and returns what it printed. */
  static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output;
  }
}
