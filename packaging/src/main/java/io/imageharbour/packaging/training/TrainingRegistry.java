package io.imageharbour.packaging.training;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.imageharbour.indexer.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A registry in memory, on a port of the loopback interface, with as much of the protocol as
 * pulling, pushing and ranged reads take. All its repositories hold the same. Safe for use by many
 * threads.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md">distribution
 *     specification</a>
 */
final class TrainingRegistry implements AutoCloseable {

  private static final Pattern PATH =
      Pattern.compile("/v2/.+/(blobs/uploads|blobs|manifests|tags)/(.*)");
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,9})-([0-9]{1,9})");
  private static final String BYTES = "application/octet-stream";

  private final HttpServer server;
  private final ExecutorService threads;
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<String, Manifest> manifests = new ConcurrentHashMap<>();
  private final Map<String, ByteArrayOutputStream> uploads = new ConcurrentHashMap<>();
  private final AtomicInteger lastUpload = new AtomicInteger();

  /** A manifest as it was pushed. */
  record Manifest(String mediaType, byte[] bytes) {}

  private TrainingRegistry(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /** Starts an empty registry. */
  static TrainingRegistry start() throws IOException {
    // else the body of every answer waits 40 ms for the acknowledgement of its head
    System.setProperty("sun.net.httpserver.nodelay", "true");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    TrainingRegistry registry = new TrainingRegistry(server, threads);
    server.setExecutor(threads);
    server.createContext("/", registry::handle);
    server.start();
    return registry;
  }

  /** {@code host:port}. */
  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Adds a blob, without a request. */
  Digest addBlob(byte[] bytes) {
    Digest digest = Digest.sha256(bytes);
    blobs.put(digest.toString(), bytes);
    return digest;
  }

  /** Adds a manifest under a tag and its digest, without a request. */
  Digest addManifest(String tag, Manifest manifest) {
    Digest digest = Digest.sha256(manifest.bytes());
    manifests.put(digest.toString(), manifest);
    manifests.put(tag, manifest);
    return digest;
  }

  /** The bytes of a blob. */
  Optional<byte[]> blob(String digest) {
    return Optional.ofNullable(blobs.get(digest));
  }

  /** The manifest of a tag or digest. */
  Optional<Manifest> manifest(String tagOrDigest) {
    return Optional.ofNullable(manifests.get(tagOrDigest));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      Matcher parts = PATH.matcher(path);
      if (parts.matches()) {
        String name = parts.group(2);
        switch (parts.group(1)) {
          case "blobs/uploads" -> upload(exchange, name);
          case "blobs" -> blob(exchange, name);
          case "manifests" -> manifest(exchange, name);
          default -> tags(exchange);
        }
      } else {
        answer(exchange, path.equals("/v2/") ? 200 : 404);
      }
    }
  }

  private void blob(HttpExchange exchange, String digest) throws IOException {
    byte[] bytes = blobs.get(digest);
    if (bytes == null) {
      answer(exchange, 404);
      return;
    }
    String wanted = exchange.getRequestHeaders().getFirst("Range");
    Matcher range = RANGE.matcher(wanted == null ? "" : wanted);
    if (!range.matches()) {
      answer(exchange, 200, BYTES, bytes, 0, bytes.length);
      return;
    }
    int first = Integer.parseInt(range.group(1));
    int last = Math.min(Integer.parseInt(range.group(2)), bytes.length - 1);
    if (first > last) {
      answer(exchange, 416);
      return;
    }
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes " + first + "-" + last + "/" + bytes.length);
    answer(exchange, 206, BYTES, bytes, first, last - first + 1);
  }

  private void manifest(HttpExchange exchange, String tagOrDigest) throws IOException {
    if (exchange.getRequestMethod().equals("PUT")) {
      String mediaType = exchange.getRequestHeaders().getFirst("Content-Type");
      byte[] bytes = exchange.getRequestBody().readAllBytes();
      Digest digest = addManifest(tagOrDigest, new Manifest(String.valueOf(mediaType), bytes));
      created(exchange, "/v2/all/manifests/" + digest, digest);
      return;
    }
    Manifest manifest = manifests.get(tagOrDigest);
    if (manifest == null) {
      answer(exchange, 404);
      return;
    }
    byte[] bytes = manifest.bytes();
    exchange.getResponseHeaders().set("Docker-Content-Digest", Digest.sha256(bytes).toString());
    answer(exchange, 200, manifest.mediaType(), bytes, 0, bytes.length);
  }

  private void tags(HttpExchange exchange) throws IOException {
    String tags =
        manifests.keySet().stream()
            .filter(name -> !name.startsWith("sha256:"))
            .sorted()
            .map(tag -> "\"" + tag + "\"")
            .collect(Collectors.joining(",", "{\"name\":\"all\",\"tags\":[", "]}"));
    byte[] bytes = tags.getBytes(UTF_8);
    answer(exchange, 200, "application/json", bytes, 0, bytes.length);
  }

  private void upload(HttpExchange exchange, String id) throws IOException {
    if (exchange.getRequestMethod().equals("POST")) {
      String started = Integer.toString(lastUpload.incrementAndGet());
      uploads.put(started, new ByteArrayOutputStream());
      accepted(exchange, started, 0);
      return;
    }
    ByteArrayOutputStream upload = uploads.get(id);
    if (upload == null) {
      answer(exchange, 404);
      return;
    }
    switch (exchange.getRequestMethod()) {
      case "PATCH" -> {
        exchange.getRequestBody().transferTo(upload);
        accepted(exchange, id, upload.size());
      }
      case "PUT" -> {
        exchange.getRequestBody().transferTo(upload);
        uploads.remove(id);
        commit(exchange, upload.toByteArray());
      }
      case "DELETE" -> {
        uploads.remove(id);
        answer(exchange, 204);
      }
      default -> answer(exchange, 405);
    }
  }

  private void commit(HttpExchange exchange, byte[] bytes) throws IOException {
    Digest digest = Digest.sha256(bytes);
    if (!("digest=" + digest).equals(exchange.getRequestURI().getQuery())) {
      answer(exchange, 400);
      return;
    }
    addBlob(bytes);
    created(exchange, "/v2/all/blobs/" + digest, digest);
  }

  private static void accepted(HttpExchange exchange, String id, int size) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Location", "/v2/all/blobs/uploads/" + id);
    headers.set("Range", "0-" + Math.max(0, size - 1));
    answer(exchange, 202);
  }

  private static void created(HttpExchange exchange, String location, Digest digest)
      throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Location", location);
    headers.set("Docker-Content-Digest", digest.toString());
    answer(exchange, 201);
  }

  private static void answer(HttpExchange exchange, int status) throws IOException {
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(status, -1);
  }

  private static void answer(
      HttpExchange exchange, int status, String mediaType, byte[] bytes, int offset, int length)
      throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", mediaType);
    if (exchange.getRequestMethod().equals("HEAD")) {
      headers.set("Content-Length", Integer.toString(length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    // 0 would mean a length that is not known
    exchange.sendResponseHeaders(status, length == 0 ? -1 : length);
    exchange.getResponseBody().write(bytes, offset, length);
  }
}
