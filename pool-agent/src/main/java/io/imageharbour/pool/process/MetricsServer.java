package io.imageharbour.pool.process;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.imageharbour.indexer.HarbourException;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Serves metrics at {@code /metrics} over HTTP, in Prometheus' text format. */
public final class MetricsServer implements AutoCloseable {

  private static final int BACKLOG = 16;

  private final HttpServer server;
  private final ExecutorService executor;

  private MetricsServer(HttpServer server, ExecutorService executor) {
    this.server = server;
    this.executor = executor;
  }

  /**
   * Starts to serve.
   *
   * @param address {@code host:port}; port 0 takes a free one
   * @throws MetricsAddressException if the address can't be listened on
   */
  public static MetricsServer start(String address, PrometheusRegistry registry)
      throws MetricsAddressException {
    int colon = address.lastIndexOf(':');
    HttpServer server;
    try {
      InetAddress host = InetAddress.getByName(address.substring(0, colon));
      int port = Integer.parseInt(address.substring(colon + 1));
      server = HttpServer.create(new InetSocketAddress(host, port), BACKLOG);
    } catch (IOException | IllegalArgumentException e) {
      throw new MetricsAddressException(address, e);
    }
    // one thread: a scrape costs milliseconds, and nobody should make it cost more
    ExecutorService executor =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().name("metrics").daemon().factory());
    server.setExecutor(executor);
    server.createContext("/metrics", exchange -> answer(exchange, registry));
    server.start();
    return new MetricsServer(server, executor);
  }

  /** The port that is listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdown();
  }

  private static void answer(HttpExchange exchange, PrometheusRegistry registry)
      throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals("/metrics")) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      PrometheusTextFormatWriter format = PrometheusTextFormatWriter.create();
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      format.write(text, registry.scrape());
      exchange.getResponseHeaders().set("Content-Type", format.getContentType());
      exchange.sendResponseHeaders(200, text.size());
      text.writeTo(exchange.getResponseBody());
    }
  }

  /** The address for metrics can't be used. */
  public static final class MetricsAddressException extends HarbourException {

    private static final long serialVersionUID = 1;

    MetricsAddressException(String address, Exception cause) {
      super(
          "cannot serve metrics on "
              + address
              + ": "
              + cause.getMessage()
              + "; choose another metrics-address",
          cause);
    }
  }
}
