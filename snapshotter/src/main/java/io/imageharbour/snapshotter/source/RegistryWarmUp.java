package io.imageharbour.snapshotter.source;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one request with the registry client while nobody waits for it, so that the first read of
 * the first container does not pay for loading the classes. The registry is a socket on the
 * loopback interface with one answer; nothing leaves the machine.
 */
public final class RegistryWarmUp {

  private static final Logger LOG = LoggerFactory.getLogger(RegistryWarmUp.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final byte[] BLOB = {1, 2, 3, 4};

  private RegistryWarmUp() {}

  /** Starts it in a thread of its own, which it returns; that it fails is no failure. */
  public static Thread start(RegistryClient client) {
    return Thread.ofPlatform().daemon().name("warm-up").start(() -> run(client));
  }

  private static void run(RegistryClient client) {
    try (ServerSocket registry = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      registry.setSoTimeout((int) PATIENCE.toMillis());
      Thread.ofVirtual().name("warm-up-registry").start(() -> answer(registry));
      RepositoryName repository =
          new RepositoryName("127.0.0.1:" + registry.getLocalPort(), "warm-up");
      byte[] read =
          client.repository(repository).readBlob(Digest.sha256(BLOB), BLOB.length, 0, BLOB.length);
      LOG.debug("event=warmed-up bytes={}", read.length);
    } catch (IOException e) {
      LOG.debug("event=not-warmed-up cause=\"{}\"", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void answer(ServerSocket registry) {
    try (Socket connection = registry.accept()) {
      connection.setSoTimeout((int) PATIENCE.toMillis());
      byte[] request = new byte[4096];
      int length = 0;
      while (!new String(request, 0, length, US_ASCII).endsWith("\r\n\r\n")) {
        int read = connection.getInputStream().read(request, length, request.length - length);
        if (read <= 0) {
          return;
        }
        length += read;
      }
      String head =
          "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-%d/%d\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
              .formatted(BLOB.length - 1, BLOB.length, BLOB.length);
      connection.getOutputStream().write(head.getBytes(US_ASCII));
      connection.getOutputStream().write(BLOB);
    } catch (IOException e) {
      LOG.debug("event=warm-up-unanswered cause=\"{}\"", e.getMessage());
    }
  }
}
