package io.imageharbour.snapshotter.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which registries are asked, and how often; a real one answers in the integration tests. */
class RegistryAttachedImagesTest {

  private static final Digest MANIFEST = Digest.sha256("manifest".getBytes(UTF_8));
  private static final byte[] NOT_FOUND =
      "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".getBytes(UTF_8);

  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicLong now = new AtomicLong();
  private ServerSocket server;
  private RegistryClient client;
  private String host = "";

  @BeforeEach
  void start() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    host = "127.0.0.1:" + server.getLocalPort();
    client = new RegistryClient(RegistrySettings.defaults());
    Thread.ofVirtual().start(this::answer);
  }

  private void answer() {
    while (true) {
      try (Socket connection = server.accept()) {
        asked.incrementAndGet();
        connection.getInputStream().read(new byte[4096]);
        connection.getOutputStream().write(NOT_FOUND);
      } catch (IOException e) {
        return;
      }
    }
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    server.close();
  }

  @Test
  void onlyRepositoriesThatAreTrustedAreAskedFor() throws Exception {
    for (String foreign :
        List.of("registry.example", "127.0.0.1", host + "/te", host + "/team/x")) {
      assertThat(find(List.of(foreign))).isZero();
    }
    assertThat(find(List.of())).isZero();
    for (String trusted : List.of("*", host, host + "/team", host + "/team/app")) {
      assertThat(find(List.of(trusted))).as(trusted).isPositive();
    }
  }

  @Test
  void thatThereIsNothingIsRememberedForAMinute() throws Exception {
    AttachedImages images = images(List.of("*"));
    images.find(image(), MANIFEST);
    int once = asked.get();
    images.find(image(), MANIFEST);
    assertThat(asked).hasValue(once);

    now.addAndGet(Duration.ofSeconds(61).toNanos());
    images.find(image(), MANIFEST);
    assertThat(asked).hasValueGreaterThan(once);

    int twice = asked.get();
    Digest other = Digest.sha256("other".getBytes(UTF_8));
    images.forget(image(), other);
    images.find(image(), other);
    assertThat(asked).hasValue(twice);
  }

  /** How often the registry was asked. */
  private int find(List<String> trusted) throws Exception {
    int before = asked.get();
    assertThat(images(trusted).find(image(), MANIFEST)).isEmpty();
    return asked.get() - before;
  }

  private AttachedImages images(List<String> trusted) {
    return new RegistryAttachedImages(client, trusted, now::get);
  }

  private ImageReference image() throws Exception {
    return ImageReference.parse(host + "/team/app:1");
  }
}
