package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.proto.HelloReply;
import io.imageharbour.pool.proto.Memory;
import io.imageharbour.pool.proto.RdmaOffer;
import io.imageharbour.pool.proto.SharedMemoryOffer;
import io.imageharbour.pool.proto.TcpOffer;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.shm.SharedMemoryTransport;
import io.imageharbour.pool.transport.tcp.TcpTransport;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Agents that answer with nonsense: the client hears of an {@link IOException}, and no worse. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileAgentTest {

  private static final Duration PATIENCE = Duration.ofMillis(300);
  private static final long TABLE = 4096;
  private static final long SLAB = 1 << 20;
  private static final Digest DIGEST = Digest.sha256(new byte[] {1});

  /** What a peer does with a connection that was accepted. */
  @FunctionalInterface
  private interface Peer {
    void serve(DataInputStream in, OutputStream out) throws IOException;
  }

  @Test
  void helloesThatMakeNoSenseAreRefused() throws Exception {
    try (ServerSocket listener = serve((in, out) -> answerReads(in, out, new byte[512]))) {
      HelloReply good = hello(listener);
      open(good).close();
      for (HelloReply bad :
          List.of(
              HelloReply.getDefaultInstance(),
              good.toBuilder().setTicket(ByteString.copyFrom(new byte[31])).build(),
              good.toBuilder().setTicket(ByteString.EMPTY).build(),
              good.toBuilder().setTicket(ByteString.copyFrom(new byte[1 << 19])).build(),
              good.toBuilder().clearTcp().build(),
              good.toBuilder().setTcp(TcpOffer.newBuilder().setPort(-1)).build(),
              good.toBuilder().setTcp(TcpOffer.newBuilder().setPort(65_536)).build(),
              good.toBuilder().setRdma(RdmaOffer.newBuilder().setPort(1 << 20)).build(),
              with(good, regions(Region.TABLE, 4095)),
              with(good, regions(Region.TABLE, 256)),
              with(good, regions(Region.TABLE, 0)),
              with(good, regions(Region.TABLE, -1)),
              with(good, regions(Region.TABLE, Long.MIN_VALUE)),
              with(good, regions(1, TABLE)),
              with(good, regions(Region.TABLE, TABLE, Region.TABLE, TABLE)),
              with(good, regions(Region.TABLE, TABLE, -5, SLAB)),
              with(good, tooManyRegions()))) {
        assertThatThrownBy(() -> open(bad).close()).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void socketsThatAreNoneAreRefused() throws Exception {
    String host = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    try (ServerSocket listener = serve((in, out) -> {})) {
      for (String socket :
          List.of("", "/", "a\0b", "/proc/self/mem", "/" + "long/".repeat(50), "/dev/null")) {
        HelloReply hello =
            hello(listener).toBuilder()
                .clearTcp()
                .setSharedMemory(SharedMemoryOffer.newBuilder().setHost(host).setSocket(socket))
                .build();
        assertThatThrownBy(() -> open(hello).close()).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void helloesOfRandomBytesDoNoHarm() throws Exception {
    Random random = new Random(17);
    AtomicInteger refused = new AtomicInteger();
    try (ServerSocket listener = serve((in, out) -> answerReads(in, out, new byte[512]))) {
      byte[] good = hello(listener).toByteArray();
      for (int i = 0; i < 2000; i++) {
        byte[] bytes = good.clone();
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        try {
          // ports of others are not to be called
          HelloReply hello =
              HelloReply.parseFrom(bytes).toBuilder()
                  .setTcp(TcpOffer.newBuilder().setPort(listener.getLocalPort()))
                  .build();
          open(hello).close();
        } catch (IOException e) {
          refused.incrementAndGet();
        }
      }
    }
    assertThat(refused).hasValueGreaterThan(100);
  }

  @Test
  void entriesOfTheTableThatLieAreMisses() throws Exception {
    long[][] lies = {
      {7, 1, 0},
      {-1, 1, 0},
      {1, 0, 0},
      {1, -1, 0},
      {1, Integer.MAX_VALUE, 0},
      {1, 1, SLAB},
      {1, 1, -1},
      {1, 1, Long.MAX_VALUE},
      {1, 1, Long.MIN_VALUE},
      {1, (1 << 20) + 1, 0},
      {1, 1 << 20, 1},
      {0, 1, TABLE},
      {0, 1, 0}
    };
    for (long[] lie : lies) {
      byte[] bucket = entry((int) lie[0], (int) lie[1], lie[2]).array();
      try (ServerSocket listener = serve((in, out) -> answerReads(in, out, bucket));
          Connected session = open(hello(listener))) {
        for (int size : new int[] {1, 1 << 20}) {
          assertThat(session.read(DIGEST, size, bytes -> false, PATIENCE))
              .isNotEqualTo(Connected.Outcome.TAKEN);
        }
      }
    }
  }

  @Test
  void bucketsOfRandomBytesAreMisses() throws Exception {
    Random random = new Random(23);
    byte[] good = entry(1, 1, 0).array();
    AtomicInteger asked = new AtomicInteger();
    try (ServerSocket listener =
            serve(
                (in, out) ->
                    answerReads(
                        in,
                        out,
                        () -> {
                          byte[] bucket = new byte[512];
                          random.nextBytes(bucket);
                          System.arraycopy(good, 0, bucket, 0, 64);
                          bucket[random.nextInt(64)] ^= (byte) (1 << random.nextInt(8));
                          asked.incrementAndGet();
                          return bucket;
                        }));
        Connected session = open(hello(listener))) {
      for (int i = 0; i < 2000; i++) {
        assertThat(session.read(DIGEST, 1, bytes -> false, Duration.ofSeconds(5)))
            .isEqualTo(Connected.Outcome.MISSING);
      }
    }
    assertThat(asked).hasValueGreaterThan(2000);
  }

  @Test
  void peersThatDoNotKeepToTheProtocolEndTheConnectionAndNothingElse() throws Exception {
    List<Peer> peers =
        List.of(
            // nothing at all
            (in, out) -> {},
            // the end in the middle of an answer
            (in, out) -> {
              in.readNBytes(16);
              out.write(new byte[100]);
            },
            // something that was not asked
            (in, out) -> out.write(new byte[] {1, 2, 3}),
            (in, out) -> {
              in.readNBytes(16);
              out.write(7);
            },
            // too much
            (in, out) -> {
              in.readNBytes(16);
              out.write(1);
              out.write(new byte[100_000]);
            });
    for (Peer peer : peers) {
      try (ServerSocket listener = serve(peer)) {
        for (int i = 0; i < 5; i++) {
          try (Connected session = open(hello(listener))) {
            for (int reads = 0; reads < 3; reads++) {
              Connected.Outcome unused = session.read(DIGEST, 1, bytes -> false, PATIENCE);
            }
          } catch (IOException e) {
            assertThat(e).isInstanceOf(TransportException.class);
          }
        }
      }
    }
  }

  @Test
  void anAgentThatSaysNothingIsGivenUpInTime() throws Exception {
    try (ServerSocket listener =
        serve(
            (in, out) -> {
              while (in.read() >= 0) {
                Thread.onSpinWait();
              }
            })) {
      assertThatThrownBy(() -> open(hello(listener)).close())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("in time");
    }
  }

  private static Connected open(HelloReply hello) throws IOException, InterruptedException {
    List<Transport> transports =
        List.of(new SharedMemoryTransport(), new TcpTransport(Optional.empty()));
    return Connected.open(hello, "127.0.0.1", transports, PATIENCE);
  }

  private static HelloReply hello(ServerSocket listener) {
    return HelloReply.newBuilder()
        .setAgent("a")
        .setTicket(ByteString.copyFrom(Ticket.issue(1).toBytes()))
        .setMemory(regions(Region.TABLE, TABLE, 1, SLAB))
        .setTcp(TcpOffer.newBuilder().setPort(listener.getLocalPort()))
        .build();
  }

  private static HelloReply with(HelloReply hello, Memory memory) {
    return hello.toBuilder().setMemory(memory).build();
  }

  private static Memory regions(long... numbersAndSizes) {
    Memory.Builder memory = Memory.newBuilder();
    for (int i = 0; i < numbersAndSizes.length; i += 2) {
      memory.addRegions(
          io.imageharbour.pool.proto.Region.newBuilder()
              .setNumber((int) numbersAndSizes[i])
              .setSize(numbersAndSizes[i + 1]));
    }
    return memory.build();
  }

  private static Memory tooManyRegions() {
    long[] all = new long[2 * 5000];
    for (int i = 0; i < 5000; i++) {
      all[2 * i] = i;
      all[2 * i + 1] = TABLE;
    }
    return regions(all);
  }

  /** A bucket whose first entry says this, as an agent would write it. */
  private static ByteBuffer entry(int region, int length, long offset) {
    ByteBuffer bucket = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    bucket.put(0, DIGEST.toBytes());
    bucket.putInt(32, region).putInt(36, length).putLong(40, offset).putLong(48, 1);
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < 56; i += 8) {
      hash = (hash ^ bucket.getLong(i)) * 0x100000001b3L;
      hash ^= hash >>> 32;
    }
    return bucket.putLong(56, hash | 1);
  }

  private static void answerReads(DataInputStream in, OutputStream out, byte[] bucket)
      throws IOException {
    answerReads(in, out, () -> bucket);
  }

  private static void answerReads(DataInputStream in, OutputStream out, Supplier<byte[]> bucket)
      throws IOException {
    while (true) {
      ByteBuffer request = ByteBuffer.wrap(in.readNBytes(16));
      if (request.remaining() < 16) {
        return;
      }
      int region = request.getInt();
      int length = request.position(12).getInt();
      ByteBuffer answer = ByteBuffer.allocate(1 + length).put((byte) 1);
      if (region == Region.TABLE && length == 512) {
        answer.put(bucket.get());
      }
      out.write(answer.array());
    }
  }

  /** Accepts everybody's ticket. */
  private static ServerSocket serve(Peer peer) throws IOException {
    ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread unused =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!listener.isClosed()) {
                    try (Socket socket = listener.accept()) {
                      DataInputStream in = new DataInputStream(socket.getInputStream());
                      in.readFully(new byte[37]);
                      socket.getOutputStream().write(1);
                      peer.serve(in, socket.getOutputStream());
                    } catch (IOException e) {
                      // the next one
                    }
                  }
                });
    return listener;
  }
}
