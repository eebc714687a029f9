package io.imageharbour.testbed;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An HTTP proxy before a registry, for pulls, that does to the answers what networks, disks and
 * attackers do. It works as told until it is told otherwise.
 */
public final class FaultProxy implements AutoCloseable {

  private static final Pattern RANGE_START = Pattern.compile("bytes (\\d+)-.*");

  /** Headers that concern one connection, or that the library sets itself. */
  private static final Set<String> HOP =
      Set.of("connection", "content-length", "date", "host", "transfer-encoding", "upgrade");

  private final URI upstream;
  private final HttpServer server;
  private final ExecutorService threads;
  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicInteger faults = new AtomicInteger();
  private volatile Fault fault = new Fault.None();
  private volatile CountDownLatch stalled = new CountDownLatch(1);

  /** What happens to answers. */
  public sealed interface Fault {

    /** Nothing. */
    record None() implements Fault {}

    /** One byte of a blob is inverted, in whichever range it is sent. */
    record WrongByte(String pathPart, long offset) implements Fault {}

    /** The connection ends after so many bytes of an answer's body, for the first few answers. */
    record Cut(String pathPart, int bytes, int times) implements Fault {}

    /**
     * After so many bytes of an answer's body nothing more comes, and the connection stays open,
     * for the first few answers.
     */
    record Stall(String pathPart, int bytes, int times) implements Fault {}

    /** Whoever asks for a part of a blob gets 200 and the whole of it. */
    record IgnoredRange(String pathPart) implements Fault {}

    /** A status instead of the blob, for the first few answers. */
    record Refuse(String pathPart, int status, int times) implements Fault {}
  }

  private FaultProxy(URI upstream, HttpServer server, ExecutorService threads) {
    this.upstream = upstream;
    this.server = server;
    this.threads = threads;
  }

  /** Starts a proxy on a port of the loopback interface. */
  public static FaultProxy before(RegistryServer registry, int port) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    FaultProxy proxy = new FaultProxy(URI.create("http://" + registry.host()), server, threads);
    server.setExecutor(threads);
    server.createContext("/", proxy::handle);
    server.start();
    return proxy;
  }

  /** From now on does this, and counts anew; what stalls is cut. */
  public void set(Fault next) {
    faults.set(0);
    fault = next;
    CountDownLatch former = stalled;
    stalled = new CountDownLatch(1);
    former.countDown();
  }

  /** How many answers the fault has befallen, or would have, since it was set. */
  public int faults() {
    return faults.get();
  }

  @Override
  public void close() {
    stalled.countDown();
    server.stop(0);
    threads.shutdownNow();
    client.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    Fault now = fault;
    if (now instanceof Fault.Refuse refuse
        && path.contains(refuse.pathPart)
        && faults.getAndIncrement() < refuse.times) {
      exchange.sendResponseHeaders(refuse.status, -1);
      exchange.close();
      return;
    }
    try (exchange) {
      boolean whole =
          now instanceof Fault.IgnoredRange ignored
              && path.contains(ignored.pathPart)
              && exchange.getRequestHeaders().containsKey("Range");
      if (whole) {
        faults.incrementAndGet();
      }
      Set<String> dropped = whole ? Set.of("range") : Set.of();
      HttpResponse<InputStream> response = client.send(forward(exchange, dropped), bodyHandler());
      response
          .headers()
          .map()
          .forEach(
              (name, values) -> {
                if (!HOP.contains(name)) {
                  exchange.getResponseHeaders().put(name, List.copyOf(values));
                }
              });
      boolean empty = exchange.getRequestMethod().equals("HEAD");
      long length = response.headers().firstValueAsLong("content-length").orElse(0);
      if (empty) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(length));
      }
      exchange.sendResponseHeaders(response.statusCode(), empty || length == 0 ? -1 : length);
      try (InputStream body = response.body()) {
        if (!empty) {
          send(body, exchange.getResponseBody(), now, path, rangeStart(response));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(InputStream body, OutputStream to, Fault now, String path, long start)
      throws IOException, InterruptedException {
    CountDownLatch released = stalled;
    byte[] buffer = new byte[1 << 16];
    long position = start;
    for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
      if (now instanceof Fault.WrongByte wrong
          && path.contains(wrong.pathPart)
          && wrong.offset >= position
          && wrong.offset < position + n) {
        faults.incrementAndGet();
        buffer[(int) (wrong.offset - position)] ^= (byte) 0xff;
      }
      if (now instanceof Fault.Cut cut
          && path.contains(cut.pathPart)
          && position - start + n > cut.bytes
          && faults.getAndIncrement() < cut.times) {
        to.write(buffer, 0, (int) Math.max(0, cut.bytes - (position - start)));
        to.flush();
        throw new IOException("cut as told");
      }
      if (now instanceof Fault.Stall stall
          && path.contains(stall.pathPart)
          && position - start + n > stall.bytes
          && faults.getAndIncrement() < stall.times) {
        to.write(buffer, 0, (int) Math.max(0, stall.bytes - (position - start)));
        to.flush();
        released.await();
        throw new IOException("stalled as told");
      }
      to.write(buffer, 0, n);
      position += n;
    }
  }

  private HttpRequest forward(HttpExchange exchange, Set<String> dropped) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(upstream.resolve(exchange.getRequestURI()))
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.noBody());
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) -> {
              String lower = name.toLowerCase(Locale.ROOT);
              if (!HOP.contains(lower) && !dropped.contains(lower)) {
                values.forEach(value -> request.header(name, value));
              }
            });
    return request.build();
  }

  private static HttpResponse.BodyHandler<InputStream> bodyHandler() {
    return HttpResponse.BodyHandlers.ofInputStream();
  }

  private static long rangeStart(HttpResponse<?> response) {
    Optional<String> range = response.headers().firstValue("content-range");
    if (range.isPresent()) {
      Matcher matcher = RANGE_START.matcher(range.get());
      if (matcher.matches()) {
        return Long.parseLong(matcher.group(1));
      }
    }
    return 0;
  }
}
