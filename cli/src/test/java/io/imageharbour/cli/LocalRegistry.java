package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A registry of its own on this machine, with the images that {@code make-image.sh} makes. */
final class LocalRegistry implements AutoCloseable {

  /** What {@code user} has to say where the registry wants to know. */
  static final String PASSWORD = "secret";

  private static final String HTPASSWD =
      "user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

  private final Path directory;
  private final int port;
  private final Process process;

  private LocalRegistry(Path directory, int port, Process process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
  }

  /** Starts a registry that keeps everything in {@code directory}. */
  static LocalRegistry start(Path directory, boolean wantsPassword) throws Exception {
    int port = freePort();
    String authentication =
        wantsPassword
            ? "auth: {htpasswd: {realm: test, path: "
                + Files.writeString(directory.resolve("htpasswd"), HTPASSWD)
                + "}}\n"
            : "";
    Path configuration =
        Files.writeString(
            directory.resolve("registry.yml"),
            """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
            http: {addr: "127.0.0.1:%d"}
            """
                    .formatted(directory.resolve("storage"), port)
                + authentication);
    Process process =
        new ProcessBuilder("docker-registry", "serve", configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("registry.log").toFile())
            .start();
    LocalRegistry registry = new LocalRegistry(directory, port, process);
    registry.awaitStart();
    return registry;
  }

  /**
   * Makes the images in {@code work} and starts a registry that has {@code small:1} for two
   * platforms, converted as well, and {@code single} for one.
   */
  static LocalRegistry startWithImages(Path work) throws Exception {
    makeImages(work);
    LocalRegistry registry = start(Files.createDirectory(work.resolve("registry")), false);
    registry.push(work, "both", "small:1");
    registry.push(work, "one", "single");
    assertThat(Invocation.of("convert", registry.host() + "/small:1").exitCode()).isZero();
    return registry;
  }

  /** A port on which nobody listens. */
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** {@code host:port}. */
  String host() {
    return "127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  /** Where the registry keeps the bytes of a blob. */
  Path blob(String digest) {
    String hex = digest.substring("sha256:".length());
    return directory.resolve(
        "storage/docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data");
  }

  /** Where the registry keeps what it knows of a repository. */
  Path repository(String name) {
    return directory.resolve("storage/docker/registry/v2/repositories/" + name);
  }

  /** Makes the images, whose tree is then in {@code work/root}. */
  static void makeImages(Path work) throws Exception {
    makeImages(work, 6_000_000);
  }

  /** The same with so many bytes in their one big file. */
  static void makeImages(Path work, int bytes) throws Exception {
    Path script =
        Path.of(Objects.requireNonNull(LocalRegistry.class.getResource("make-image.sh")).toURI());
    run("sh", script.toString(), work.toString(), Integer.toString(bytes));
  }

  /** Pushes an image that {@link #makeImages} made. */
  void push(Path work, String tag, String name) throws Exception {
    run(
        "skopeo",
        "copy",
        "--quiet",
        "--all",
        "--dest-tls-verify=false",
        "--dest-creds=user:" + PASSWORD,
        "oci:" + work.resolve("layout") + ":" + tag,
        "docker://" + host() + "/" + name);
  }

  /** Runs a program and returns what it wrote to standard output. */
  static String run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("TZ", "UTC");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    return output;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  private void awaitStart() throws Exception {
    Instant deadline = Instant.now().plus(Duration.ofSeconds(20));
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        assertThat(process.isAlive()).as("docker-registry runs").isTrue();
        assertThat(Instant.now()).isBefore(deadline);
        Thread.onSpinWait();
      }
    }
  }
}
