package io.imageharbour.pool.transport.tcp;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A TCP connection, with TLS or without. One thread reads, another may write, and any may close it.
 */
final class Connection implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Connection.class);

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  private Connection(Socket socket, Socket layered) throws IOException {
    this.socket = socket;
    in = layered.getInputStream();
    out = layered.getOutputStream();
  }

  /**
   * The client's end of a socket that is connected.
   *
   * @param host that the agent's certificate must name
   */
  static Connection ofClient(Socket socket, String host, Optional<SSLContext> tls)
      throws IOException {
    if (tls.isEmpty()) {
      return of(socket);
    }
    SSLSocket layered = layer(socket, host, tls.get());
    SSLParameters parameters = layered.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    layered.setSSLParameters(parameters);
    layered.startHandshake();
    return new Connection(socket, layered);
  }

  /** The agent's end of a socket; with TLS the client must have a certificate, too. */
  static Connection ofServer(Socket socket, Optional<SSLContext> tls) throws IOException {
    if (tls.isEmpty()) {
      return of(socket);
    }
    SSLSocket layered = layer(socket, "", tls.get());
    layered.setUseClientMode(false);
    layered.setNeedClientAuth(true);
    layered.startHandshake();
    return new Connection(socket, layered);
  }

  private static Connection of(Socket socket) throws IOException {
    return new Connection(socket, socket);
  }

  private static SSLSocket layer(Socket socket, String host, SSLContext tls) throws IOException {
    return (SSLSocket) tls.getSocketFactory().createSocket(socket, host, socket.getPort(), true);
  }

  /** Closes a socket unless what this answers is completed in time. */
  static CompletableFuture<Void> closeUnlessDone(Socket socket, Duration patience) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    CompletableFuture<Void> unused =
        done.orTimeout(patience.toNanos(), TimeUnit.NANOSECONDS)
            .whenComplete(
                (nothing, late) -> {
                  if (late != null) {
                    close(socket);
                  }
                });
    return done;
  }

  /** Closes this unless what it answers is completed in time. */
  CompletableFuture<Void> closeUnlessDone(Duration patience) {
    return closeUnlessDone(socket, patience);
  }

  InputStream in() {
    return in;
  }

  OutputStream out() {
    return out;
  }

  /** So long a read waits; zero: for ever. */
  void setPatience(Duration patience) throws IOException {
    socket.setSoTimeout(millis(patience));
  }

  static int millis(Duration patience) {
    return Math.toIntExact(Math.min(patience.toMillis(), 600_000));
  }

  /** Without saying goodbye, which could wait for a thread that is writing. */
  @Override
  public void close() {
    close(socket);
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      log.debug("event=close-failed cause=\"{}\"", e.getMessage());
    }
  }
}
