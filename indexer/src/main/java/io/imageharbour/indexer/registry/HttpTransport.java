package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * Sends one request and returns its answer: no retries, no redirects, no credentials, no cookies.
 * HTTP/1.1 over kept-alive connections; the calling thread does all the work.
 */
final class HttpTransport implements AutoCloseable {

  private static final String USER_AGENT = "harbour";
  private static final int MAX_CONNECTIONS_PER_HOST = 32;
  private static final int MAX_CONNECTIONS = 128;
  private static final int MAX_HEADER_LINE = 32 << 10;
  private static final int MAX_HEADERS = 200;
  private static final int SOCKET_BUFFER = 8 << 10;
  private static final Duration MAX_CONNECT_TIME = Duration.ofSeconds(10);
  private static final Duration IDLE_TIME = Duration.ofSeconds(30);

  private final Duration stallTimeout;
  private final EnvironmentProxies proxies;
  private final RequestConfig usual;
  private final Map<TlsSettings, CloseableHttpClient> clients = new ConcurrentHashMap<>();
  private final OverdueRequests overdue = new OverdueRequests();

  HttpTransport(Duration stallTimeout, EnvironmentProxies proxies) {
    this.stallTimeout = stallTimeout;
    this.proxies = proxies;
    this.usual = requestConfig(stallTimeout);
  }

  /**
   * Sends a request.
   *
   * @throws IOException if no answer came in time, the connection broke, or the thread was
   *     interrupted, which closes the socket that a virtual thread waits for
   */
  Answer send(TlsSettings tls, OutgoingRequest outgoing, Deadline deadline) throws IOException {
    Duration remaining = deadline.remaining();
    if (!remaining.isPositive()) {
      throw new SocketTimeoutException("the deadline has passed");
    }
    HttpUriRequestBase request = new HttpUriRequestBase(outgoing.method(), outgoing.uri());
    for (HeaderField header : outgoing.headers()) {
      request.addHeader(header.name(), header.value());
    }
    outgoing
        .body()
        .ifPresent(
            body ->
                request.setEntity(
                    new ByteArrayEntity(
                        body.bytes(),
                        body.offset(),
                        body.length(),
                        ContentType.parse(body.mediaType()))));
    request.setConfig(remaining.compareTo(stallTimeout) < 0 ? requestConfig(remaining) : usual);
    Origin origin = Origin.of(outgoing.uri());
    HttpHost target = new HttpHost(origin.scheme(), unbracketed(origin.host()), origin.port());
    CloseableHttpClient client = client(tls);
    overdue.watch(request, deadline);
    try {
      return new Answer(
          request,
          client.executeOpen(target, request, HttpClientContext.create()),
          outgoing.uri(),
          overdue);
    } catch (IOException e) {
      request.cancel();
      throw deadline.passed() && !(e instanceof InterruptedIOException) ? late(e) : e;
    } catch (RuntimeException e) {
      request.cancel();
      if (deadline.passed()) {
        // cancelled between two steps, the library finds itself without a connection
        throw late(e);
      }
      if (Thread.currentThread().isInterrupted()) {
        // interrupted before it waits for a connection, it calls that a cancellation
        InterruptedIOException interrupted = new InterruptedIOException("interrupted");
        interrupted.initCause(e);
        throw interrupted;
      }
      throw e;
    } catch (Error e) {
      request.cancel();
      if (clients.remove(tls, client)) {
        // The library closes a client's connections then, and never opens others.
        client.close(CloseMode.IMMEDIATE);
      }
      throw e;
    } finally {
      overdue.forget(request);
    }
  }

  private static SocketTimeoutException late(Exception cause) {
    SocketTimeoutException timeout = new SocketTimeoutException("the deadline has passed");
    timeout.initCause(cause);
    return timeout;
  }

  private CloseableHttpClient client(TlsSettings tls) {
    CloseableHttpClient known = clients.get(tls);
    if (known != null) {
      return known;
    }
    synchronized (clients) {
      CloseableHttpClient other = clients.get(tls);
      if (other != null) {
        return other;
      }
      CloseableHttpClient made = newClient(tls);
      clients.put(tls, made);
      return made;
    }
  }

  private CloseableHttpClient newClient(TlsSettings tls) {
    Duration connect =
        stallTimeout.compareTo(MAX_CONNECT_TIME) < 0 ? stallTimeout : MAX_CONNECT_TIME;
    PoolingHttpClientConnectionManager connections =
        PoolingHttpClientConnectionManagerBuilder.create()
            .setMaxConnPerRoute(MAX_CONNECTIONS_PER_HOST)
            .setMaxConnTotal(MAX_CONNECTIONS)
            .setTlsSocketStrategy(new LazyTls(tls))
            .setConnectionFactory(
                ManagedHttpClientConnectionFactory.builder()
                    .http1Config(
                        Http1Config.custom()
                            .setBufferSize(SOCKET_BUFFER)
                            .setMaxLineLength(MAX_HEADER_LINE)
                            .setMaxHeaderCount(MAX_HEADERS)
                            .build())
                    .build())
            .setDefaultSocketConfig(
                SocketConfig.custom().setSoTimeout(timeout(stallTimeout)).build())
            .setDefaultConnectionConfig(
                ConnectionConfig.custom()
                    .setConnectTimeout(timeout(connect))
                    .setSocketTimeout(timeout(stallTimeout))
                    .setValidateAfterInactivity(TimeValue.ofSeconds(2))
                    .setIdleTimeout(timeout(IDLE_TIME))
                    .build())
            .build();
    return HttpClients.custom()
        .setConnectionManager(connections)
        .setUserAgent(USER_AGENT)
        .setProxySelector(proxies)
        .setDefaultCredentialsProvider(proxies.credentials())
        .disableAutomaticRetries()
        .disableRedirectHandling()
        .disableContentCompression()
        .disableCookieManagement()
        .disableConnectionState()
        .build();
  }

  private static RequestConfig requestConfig(Duration silence) {
    return RequestConfig.custom()
        .setConnectionRequestTimeout(timeout(silence))
        .setResponseTimeout(timeout(silence))
        .setConnectionKeepAlive(TimeValue.of(IDLE_TIME))
        .setProtocolUpgradeEnabled(false)
        .build();
  }

  private static Timeout timeout(Duration duration) {
    return Timeout.ofMilliseconds(Math.max(1, duration.toMillis()));
  }

  private static String unbracketed(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  @Override
  public void close() {
    overdue.close();
    synchronized (clients) {
      clients.values().forEach(client -> client.close(CloseMode.IMMEDIATE));
      clients.clear();
    }
  }
}
