package io.imageharbour.snapshotter.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
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
  void theWantedChunkIsHandedOverFirstAndTheOthersOfItsFrameAfterIt() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        wanted("good"),
        (digest, bytes) -> {
          verify(digest, bytes);
          handed.add(digest);
        });
    assertThat(handed).containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST));
    assertThat(requests).containsExactly("bytes=" + OFFSET + "-" + (OFFSET + frame.length - 1));
  }

  @Test
  void theNextOriginIsAskedWhenOneHasNotThePackOrSendsDamage() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        wanted("missing", "damaged", "good"),
        (digest, bytes) -> {
          verify(digest, bytes);
          handed.add(digest);
        });
    assertThat(handed).containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST));
  }

  @Test
  void theNextOriginIsAskedWhenTheReceiverRefusesTheBytes() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        wanted("good", "good/again"),
        (digest, bytes) -> {
          handed.add(digest);
          if (handed.size() == 1) {
            throw new HarbourException("wrong digest");
          }
        });
    assertThat(handed)
        .containsExactly(Digest.sha256(SECOND), Digest.sha256(SECOND), Digest.sha256(FIRST));
  }

  @Test
  void aNeighbourThatIsRefusedIsNoFailureOfTheFetch() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        wanted("good"),
        (digest, bytes) -> {
          handed.add(digest);
          if (handed.size() == 2) {
            throw new HarbourException("wrong digest");
          }
        });
    assertThat(handed).hasSize(2);
  }

  @Test
  void whenEveryOriginFailsTheMessageSaysWhatEachSaid() {
    assertThatThrownBy(() -> source.fetch(wanted("missing", "damaged"), RegistrySourceTest::verify))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining(Digest.sha256(pack).toString())
        .hasMessageContaining("/missing: ")
        .hasMessageContaining("/damaged: ");
    assertThatThrownBy(() -> source.fetch(wanted(), RegistrySourceTest::verify))
        .hasMessageContaining("nobody knows a repository");
  }

  @Test
  void framesThatFollowComeWithTheSameRequest() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        followed("good"),
        (digest, bytes) -> {
          verify(digest, bytes);
          handed.add(digest);
        });
    assertThat(handed)
        .containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST), Digest.sha256(THIRD));
    assertThat(requests).hasSize(1);
    assertThat(source.bytesPerLatency()).isPositive();
  }

  @Test
  void theWantedChunkIsThereEvenIfTheConnectionBreaksBehindIt() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(followed("broken"), (digest, bytes) -> handed.add(digest));
    assertThat(handed).containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST));
    source.fetch(wanted("good"), RegistrySourceTest::verify);
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
    List<Digest> handed = new ArrayList<>();
    try (RegistryClient patient = client(Duration.ofMinutes(1))) {
      new RegistrySource(patient, layer -> List.of())
          .fetch(followed("silent"), (digest, bytes) -> handed.add(digest));
    } finally {
      given.countDown();
    }
    assertThat(handed).containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST));
  }

  @Test
  void damageInAFrameThatFollowsIsNoFailureOfTheFetch() throws Exception {
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        followed("damaged-behind"),
        (digest, bytes) -> {
          verify(digest, bytes);
          handed.add(digest);
        });
    assertThat(handed).containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST));
  }

  @Test
  void aPartThatOnlyAnIndexSaysIsThereDoesNotKeepTheRealOneAway() throws Exception {
    WantedChunk wanted = wanted("good");
    FrameLocation location = wanted.location();
    List<FrameLocation.Part> parts = new ArrayList<>(location.parts());
    parts.addFirst(new FrameLocation.Part(wanted.digest(), 0, SECOND.length));
    FrameLocation withForged =
        new FrameLocation(
            location.pack(),
            location.packSize(),
            location.offset(),
            location.compressedSize(),
            location.size(),
            location.origins(),
            parts);
    List<Digest> handed = new ArrayList<>();
    source.fetch(
        new WantedChunk(wanted.part(), withForged, List.of()),
        (digest, bytes) -> {
          verify(digest, bytes);
          handed.add(digest);
        });
    assertThat(handed).containsExactly(Digest.sha256(SECOND), Digest.sha256(FIRST));
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

  private static void verify(Digest digest, ByteBuffer bytes) throws HarbourException {
    if (!Digest.sha256(bytes).equals(digest)) {
      throw new HarbourException("wrong digest");
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
