package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.RegistryStorage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The registry of the Distribution project (Debian's docker-registry): plain HTTP on a free port,
 * if nothing else is said.
 */
public final class RegistryServer implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path storage;
  private final Path configuration;
  private final String host;
  private final ServerProcess process;

  /** A response that the registry has completed. */
  public record Response(String method, String path, int status, long bytes) {}

  /**
   * What a registry has that is not for everybody.
   *
   * @param certificate its own, for TLS
   * @param key to the certificate
   * @param passwords a file as htpasswd writes it with {@code -B}: user names, bcrypt
   */
  public record Security(Path certificate, Path key, Path passwords) {}

  private RegistryServer(Path storage, Path configuration, String host, ServerProcess process) {
    this.storage = storage;
    this.configuration = configuration;
    this.host = host;
    this.process = process;
  }

  /** Starts a registry whose files are in a directory of that name in the workspace. */
  public static RegistryServer start(Workspace workspace, String name, Network network)
      throws IOException, InterruptedException {
    return start(workspace, name, network, Network.freePort());
  }

  /** Starts a registry on a given port, with what a former one of that name stored. */
  public static RegistryServer start(Workspace workspace, String name, Network network, int port)
      throws IOException, InterruptedException {
    Path storage = workspace.directory(name).resolve("data");
    return start(workspace, name, network, port, storage, Optional.empty());
  }

  /** Starts a registry on a given port, with what another one has stored in this directory. */
  public static RegistryServer start(
      Workspace workspace, String name, Network network, int port, Path storage)
      throws IOException, InterruptedException {
    return start(workspace, name, network, port, storage, Optional.empty());
  }

  /** Starts a registry that serves what another one stores. */
  public static RegistryServer startMirror(
      Workspace workspace, String name, Network network, RegistryServer other)
      throws IOException, InterruptedException {
    return start(workspace, name, network, Network.freePort(), other.storage, Optional.empty());
  }

  /**
   * Starts a registry that speaks TLS and wants a login.
   *
   * @param storage the directory with everything it stores, which may be another registry's
   */
  public static RegistryServer startSecured(
      Workspace workspace, String name, Network network, int port, Path storage, Security security)
      throws IOException, InterruptedException {
    return start(workspace, name, network, port, storage, Optional.of(security));
  }

  private static RegistryServer start(
      Workspace workspace,
      String name,
      Network network,
      int port,
      Path storage,
      Optional<Security> security)
      throws IOException, InterruptedException {
    Path directory = workspace.directory(name);
    Files.createDirectories(storage);
    Path configuration = directory.resolve("config.yml");
    String host = network.address() + ":" + port;
    Files.writeString(
        configuration,
        """
        version: 0.1
        log:
          level: info
          formatter: json
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: %s
          delete:
            enabled: true
          maintenance:
            uploadpurging:
              enabled: false
        validation:
          manifests:
            urls:
              allow:
                - ^http://%s/
        http:
          addr: %s
        """
                .formatted(storage, host, host)
            + security.map(RegistryServer::sections).orElse(""));
    ServerProcess process =
        ServerProcess.start(
            workspace,
            "docker-registry " + host,
            network.prefix().withArguments("docker-registry", "serve", configuration),
            directory.resolve("log"),
            () -> accepts(network.address(), port));
    return new RegistryServer(storage, configuration, host, process);
  }

  /** Its address as it stands before the first slash of a reference: {@code host:port}. */
  public String host() {
    return host;
  }

  /** Its port. */
  public int port() {
    return Integer.parseInt(host.substring(host.lastIndexOf(':') + 1));
  }

  /** The reference of an image here. */
  public String reference(String repositoryAndTag) {
    return host + "/" + repositoryAndTag;
  }

  /** Puts an image on its storage as if it had been pushed, which takes no time at all. */
  public String add(OciLayout image, String repository, String tag) throws IOException {
    new RegistryStorage(storage).add(image, repository, tag);
    return reference(repository + ":" + tag);
  }

  /** The directory with everything it stores. */
  public Path storage() {
    return storage;
  }

  /** Bytes of all the blobs it stores, each counted once. */
  public long storedBytes() throws IOException {
    return new RegistryStorage(storage).blobBytes();
  }

  /** Every response it has completed since its log began, oldest first. */
  public List<Response> responses() throws IOException {
    List<Response> responses = new ArrayList<>();
    for (String line : process.log().lines().toList()) {
      if (line.startsWith("{") && line.contains("http.response.written")) {
        JsonNode entry = JSON.readTree(line);
        responses.add(
            new Response(
                entry.path("http.request.method").asText(),
                entry.path("http.request.uri").asText(),
                entry.path("http.response.status").asInt(),
                entry.path("http.response.written").asLong()));
      }
    }
    return responses;
  }

  /** Bytes of the bodies of all the responses it has completed since its log began. */
  public long servedBytes() throws IOException {
    return responses().stream().mapToLong(Response::bytes).sum();
  }

  /**
   * Removes the blobs that no manifest refers to; the registry must not be written to meanwhile.
   */
  public void collectGarbage() throws IOException, InterruptedException {
    Command.of("docker-registry", "garbage-collect", configuration)
        .withTimeout(Duration.ofMinutes(1))
        .run();
  }

  public ServerProcess process() {
    return process;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.close();
  }

  /** The rest of the section {@code http}, and the one behind it. */
  private static String sections(Security security) {
    return """
          tls:
            certificate: %s
            key: %s
        auth:
          htpasswd:
            realm: harbour
            path: %s
        """
        .formatted(security.certificate, security.key, security.passwords);
  }

  private static boolean accepts(String address, int port) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, port), 1000);
      return true;
    }
  }
}
