package io.imageharbour.snapshotter.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.imageharbour.fusefs.ContentReceiver;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A small registry of our own, because a real one can't be made to send wrong bytes. */
class RegistrySourceTest {

  private static final byte[] FIRST = bytes(1, 3000);
  private static final byte[] SECOND = bytes(2, 5000);
  private static final byte[] THIRD = bytes(3, 4000);
  private static final int OFFSET = 700;

  private final byte[] frame = Zstd.compress(joined(FIRST, SECOND));
  private final byte[] nextFrame = Zstd.compress(THIRD);
  private final byte[] pack =
      joined(joined(bytes(9, OFFSET), frame), joined(nextFrame, bytes(8, 100)));
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private RegistryClient client;
  private RegistrySource source;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v2/good/", exchange -> answer(exchange, pack));
    byte[] damaged = pack.clone();
    damaged[OFFSET + frame.length / 2] ^= 1;
    server.createContext("/v2/damaged/", exchange -> answer(exchange, damaged));
    byte[] damagedBehind = pack.clone();
    damagedBehind[OFFSET + frame.length + nextFrame.length / 2] ^= 1;
    server.createContext("/v2/damaged-behind/", exchange -> answer(exchange, damagedBehind));
    server.createContext(
        "/v2/broken/",
        exchange -> answer(exchange, pack, frame.length + nextFrame.length / 2, () -> {}));
    server.start();
    client = client(Duration.ofSeconds(2));
    source = new RegistrySource(client, layer -> List.of());
  }

  @AfterEach
  void stop() {
    client.close();
    server.stop(0);
  }

  @Test
  void theWantedFrameIsHandedOver() throws Exception {
    Received received = new Received();
    source.fetch(wanted("good"), received);
    assertThat(received.frames).containsExactly(frame);
    assertThat(requests).containsExactly("bytes=" + OFFSET + "-" + (OFFSET + frame.length - 1));
  }

  @Test
  void theNextOriginIsAskedWhenOneHasNotThePackOrSendsDamage() throws Exception {
    Received received = new Received();
    source.fetch(wanted("missing", "damaged", "good"), received);
    assertThat(received.refused).isEqualTo(1);
    assertThat(received.frames).containsExactly(frame);
    assertThat(requests).hasSize(2);
  }

  @Test
  void whenEveryOriginFailsTheMessageSaysWhatEachSaid() {
    assertThatThrownBy(() -> source.fetch(wanted("missing", "damaged"), new Received()))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining(Digest.sha256(pack).toString())
        .hasMessageContaining("/missing: ")
        .hasMessageContaining("/damaged: ");
    assertThatThrownBy(() -> source.fetch(wanted(), new Received()))
        .hasMessageContaining("nobody knows a repository");
  }

  @Test
  void framesThatFollowComeWithTheSameRequest() throws Exception {
    Received received = new Received();
    source.fetch(followed("good"), received);
    assertThat(received.frames).containsExactly(frame, nextFrame);
    assertThat(requests).hasSize(1);
    assertThat(source.bytesPerLatency()).isPositive();
  }

  @Test
  void theWantedChunkIsThereEvenIfTheConnectionBreaksBehindIt() throws Exception {
    Received received = new Received();
    source.fetch(followed("broken"), received);
    assertThat(received.frames).containsExactly(frame);
    source.fetch(wanted("good"), received);
  }

  @Test
  @Timeout(30)
  void aConnectionThatFallsSilentBehindTheWantedChunkIsGivenUp() throws Exception {
    CountDownLatch given = new CountDownLatch(1);
    server.createContext(
        "/v2/silent/",
        exchange ->
            answer(
                exchange,
                pack,
                frame.length,
                () -> {
                  try {
                    given.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
    Received received = new Received();
    try (RegistryClient patient = client(Duration.ofMinutes(1))) {
      new RegistrySource(patient, layer -> List.of()).fetch(followed("silent"), received);
    } finally {
      given.countDown();
    }
    assertThat(received.frames).containsExactly(frame);
  }

  @Test
  void damageInAFrameThatFollowsIsNoFailureOfTheFetch() throws Exception {
    Received received = new Received();
    source.fetch(followed("damaged-behind"), received);
    assertThat(received.frames).containsExactly(frame);
    assertThat(received.refused).isEqualTo(1);
  }

  private WantedChunk followed(String repository) {
    WantedChunk wanted = wanted(repository);
    FrameLocation behind =
        new FrameLocation(
            wanted.location().pack(),
            wanted.location().packSize(),
            OFFSET + frame.length,
            nextFrame.length,
            THIRD.length,
            wanted.location().origins(),
            List.of(new FrameLocation.Part(Digest.sha256(THIRD), 0, THIRD.length)));
    return new WantedChunk(wanted.part(), wanted.location(), List.of(behind));
  }

  private static RegistryClient client(Duration patience) throws IOException {
    return new RegistryClient(
        RegistrySettings.defaults()
            .withCertsDirectories(List.of())
            .withDockerConfigDirectory(Path.of("/nonexistent"))
            .withTimeouts(patience, patience));
  }

  /** Refuses every frame that is not as it was made. */
  private final class Received implements ContentReceiver {
    private final List<byte[]> frames = new ArrayList<>();
    private int refused;

    @Override
    public boolean accept(ByteBuffer bytes) {
      throw new AssertionError("a registry has frames");
    }

    @Override
    public void acceptFrame(FrameLocation location, byte[] compressed) throws HarbourException {
      byte[] right = location.offset() == OFFSET ? frame : nextFrame;
      if (!Arrays.equals(compressed, right)) {
        refused++;
        throw new HarbourException("wrong frame");
      }
      frames.add(compressed);
    }
  }

  private WantedChunk wanted(String... repositories) {
    List<String> origins =
        Arrays.stream(repositories)
            .map(repository -> "127.0.0.1:" + server.getAddress().getPort() + "/" + repository)
            .toList();
    FrameLocation location =
        new FrameLocation(
            Digest.sha256(pack),
            pack.length,
            OFFSET,
            frame.length,
            FIRST.length + SECOND.length,
            origins,
            List.of(
                new FrameLocation.Part(Digest.sha256(FIRST), 0, FIRST.length),
                new FrameLocation.Part(Digest.sha256(SECOND), FIRST.length, SECOND.length)));
    return new WantedChunk(location.parts().getLast(), location, List.of());
  }

  private void answer(HttpExchange exchange, byte[] blob) throws IOException {
    answer(exchange, blob, Integer.MAX_VALUE, () -> {});
  }

  /** Promises everything, and breaks the connection after so many bytes and a while. */
  private void answer(HttpExchange exchange, byte[] blob, int limit, Runnable whileItWaits)
      throws IOException {
    try (exchange) {
      String range = exchange.getRequestHeaders().getFirst("Range");
      requests.add(range);
      String[] ends = range.substring("bytes=".length()).split("-");
      int from = Integer.parseInt(ends[0]);
      int to = Integer.parseInt(ends[1]) + 1;
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, blob.length));
      exchange.sendResponseHeaders(206, to - from);
      exchange.getResponseBody().write(blob, from, Math.min(limit, to - from));
      exchange.getResponseBody().flush();
      whileItWaits.run();
    }
  }

  private static byte[] bytes(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] joined(byte[] first, byte[] second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }
}
