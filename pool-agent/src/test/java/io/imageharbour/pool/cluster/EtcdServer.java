package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.pool.process.Signals;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real etcd on loopback, with a data directory and ports of its own, which are the same after a
 * restart. Its keys are read and written through its JSON gateway, so that no client of ours or of
 * jetcd's is asked what is in it.
 */
public final class EtcdServer implements AutoCloseable {

  private static final Duration START_DEADLINE = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final int port;
  private final int peerPort;
  private final List<String> options;
  private final HttpClient http = HttpClient.newHttpClient();
  private @Nullable Process process;

  private EtcdServer(List<String> options) throws IOException {
    directory = Files.createTempDirectory("harbour-etcd-");
    this.options = options;
    try (ServerSocket client = free();
        ServerSocket peer = free()) {
      port = client.getLocalPort();
      peerPort = peer.getLocalPort();
    }
  }

  public static EtcdServer started(String... options) throws Exception {
    EtcdServer server = notStarted(options);
    try {
      server.start();
      return server;
    } catch (Exception | AssertionError e) {
      server.close();
      throw e;
    }
  }

  public static EtcdServer notStarted(String... options) throws IOException {
    return new EtcdServer(List.of(options));
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + port);
  }

  int port() {
    return port;
  }

  Path directory() {
    return directory;
  }

  /** Starts it and waits until it answers. */
  public void start() throws Exception {
    String scheme = options.contains("--cert-file") ? "https" : "http";
    String client = scheme + "://127.0.0.1:" + port;
    String peer = "http://127.0.0.1:" + peerPort;
    List<String> command = new ArrayList<>();
    command.add(binary());
    command.addAll(List.of("--data-dir", directory.resolve("data").toString()));
    command.addAll(List.of("--listen-client-urls", client, "--advertise-client-urls", client));
    command.addAll(List.of("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer));
    command.addAll(List.of("--initial-cluster", "default=" + peer));
    command.addAll(List.of("--listen-metrics-urls", "http://127.0.0.1:0"));
    command.addAll(List.of("--heartbeat-interval", "50", "--election-timeout", "250"));
    command.addAll(options);
    Path log = directory.resolve("etcd.log");
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    long end = System.nanoTime() + START_DEADLINE.toNanos();
    while (!healthy(scheme)) {
      if (!process.isAlive() || System.nanoTime() - end > 0) {
        throw new AssertionError("etcd doesn't start:\n" + Files.readString(log));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private boolean healthy(String scheme) throws Exception {
    if (scheme.equals("https")) {
      // its clients say whether it is well; here it is enough that it listens
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return socket.isConnected();
      } catch (IOException e) {
        return false;
      }
    }
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(endpoint().resolve("/health"))
                  .timeout(Duration.ofSeconds(1))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return response.body().contains("\"true\"");
    } catch (IOException e) {
      return false;
    }
  }

  /** SIGKILL. */
  public void kill() throws Exception {
    Process running = process;
    process = null;
    if (running != null) {
      running.destroyForcibly().waitFor();
    }
  }

  /** Forgets everything; only while it is not running. */
  void wipe() throws IOException {
    assertThat(process).isNull();
    delete(directory.resolve("data"));
  }

  /** SIGSTOP: it keeps its connections, and answers nothing. */
  public void freeze() throws Exception {
    Signals.stop(pid());
  }

  /** SIGCONT. */
  public void thaw() throws Exception {
    Signals.resume(pid());
  }

  public void put(String key, String value) throws Exception {
    call("kv/put", Map.of("key", base64(key), "value", base64(value)));
  }

  public void delete(String key) throws Exception {
    call("kv/deleterange", Map.of("key", base64(key)));
  }

  /** The value of a key. */
  public Optional<String> get(String key) throws Exception {
    return entry(key).map(entry -> text(entry.path("value")));
  }

  /** The id of the lease that a key ends with; 0 for none. */
  long leaseOf(String key) throws Exception {
    return entry(key).map(entry -> entry.path("lease").asLong()).orElse(0L);
  }

  /** The seconds that a lease was given. */
  long grantedTtl(long lease) throws Exception {
    return call("kv/lease/timetolive", Map.of("ID", lease)).path("grantedTTL").asLong();
  }

  void revoke(long lease) throws Exception {
    call("kv/lease/revoke", Map.of("ID", lease));
  }

  /** Has etcd forget all history up to now. */
  void compact() throws Exception {
    long revision =
        call("kv/range", Map.of("key", base64("x"))).path("header").path("revision").asLong();
    call("kv/compaction", Map.of("revision", revision, "physical", true));
  }

  JsonNode call(String path, Map<String, ?> body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint().resolve("/v3/" + path))
            .timeout(Duration.ofSeconds(10))
            .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)));
    if (headers.length > 0) {
      request.headers(headers);
    }
    HttpResponse<String> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(path + ": " + response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  @Override
  public void close() throws Exception {
    kill();
    http.close();
    delete(directory);
  }

  private Optional<JsonNode> entry(String key) throws Exception {
    JsonNode entry = call("kv/range", Map.of("key", base64(key))).path("kvs").path(0);
    return entry.isMissingNode() ? Optional.empty() : Optional.of(entry);
  }

  private long pid() {
    Process running = process;
    if (running == null) {
      throw new AssertionError("etcd is not running");
    }
    return running.pid();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static String text(JsonNode base64) {
    return new String(Base64.getDecoder().decode(base64.asText()), UTF_8);
  }

  private static ServerSocket free() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private static String binary() {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/bin:/usr/sbin";
    for (String directory : path.split(":")) {
      File file = new File(directory, "etcd");
      if (file.canExecute()) {
        return file.getPath();
      }
    }
    throw new AssertionError(
        "this test needs etcd: apt-get install etcd-server, or run ./dev test, which does");
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(tree)) {
      paths
          .sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.delete(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
