package io.imageharbour.pool.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Offer.TcpOffer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Ticket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What strangers may say to an agent over TCP, and clients that do not keep to the protocol. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileClientTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Session session = new Session(Ticket.issue(1));
  private final Regions regions = new Regions();
  private final Random random = new Random(29);
  private SharedMemory memory;
  private TcpServer server;
  private TcpOffer offer;

  @BeforeEach
  void start() throws IOException {
    memory = SharedMemory.create("test-region", 1 << 20, false);
    regions.add(new Region(1, memory));
    server =
        new TcpServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Optional.empty(),
            regions,
            ticket -> ticket.equals(session.ticket()) ? Optional.of(session) : Optional.empty());
    TcpOffer offered = (TcpOffer) server.offer(session);
    offer = new TcpOffer("127.0.0.1", offered.port(), offered.ticket());
  }

  @AfterEach
  void stop() {
    server.close();
    memory.close();
  }

  @Test
  void whoDoesNotSayHelloInTimeIsCutOffAndKeepsNobodyWaiting() throws Exception {
    List<Socket> slow = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      slow.add(connect());
    }
    for (Socket socket : slow.subList(0, 50)) {
      socket.getOutputStream().write(new byte[] {0x48, 0x42});
    }
    assertServes();
    // a byte now and then does not help
    Socket dripping = slow.getFirst();
    int sent = 2;
    boolean cut = false;
    dripping.setSoTimeout(1000);
    while (!cut && sent < Frames.HELLO - 1) {
      try {
        dripping.getOutputStream().write(0);
        sent++;
        cut = dripping.getInputStream().read() < 0;
      } catch (SocketTimeoutException e) {
        cut = false;
      } catch (SocketException e) {
        cut = true;
      }
    }
    assertThat(cut).as("cut off after %s bytes", sent).isTrue();
    assertThat(sent).isLessThan(12);
    for (Socket socket : slow) {
      assertThat(hasEnded(socket)).isTrue();
      socket.close();
    }
  }

  @Test
  void garbageEndsItsConnection() throws Exception {
    for (int i = 0; i < 200; i++) {
      byte[] garbage = new byte[Frames.HELLO + random.nextInt(100)];
      random.nextBytes(garbage);
      try (Socket socket = connect()) {
        write(socket, garbage);
        assertThat(hasEnded(socket)).isTrue();
      }
    }
    assertServes();
  }

  @Test
  void requestsThatMakeNoSenseAreRefused() throws Exception {
    for (byte purpose : new byte[] {Frames.READ, Frames.WRITE}) {
      if (purpose == Frames.WRITE) {
        session.openStaging(SharedMemory.createWritable("test-staging", 1 << 20));
      }
      for (int i = 0; i < 100; i++) {
        try (Socket socket = connect()) {
          write(
              socket,
              ByteBuffer.allocate(Frames.HELLO)
                  .putInt(Frames.MAGIC)
                  .put(purpose)
                  .put(session.ticket().toBytes())
                  .array());
          assertThat(socket.getInputStream().read()).isEqualTo(Frames.OK);
          byte[] garbage = new byte[16 * (1 + random.nextInt(20))];
          random.nextBytes(garbage);
          write(socket, garbage);
          assertThat(socket.getInputStream().read()).isIn((int) Frames.REFUSED, -1);
        }
      }
    }
    Optional<SharedMemory> staging = session.closeStaging();
    assertThat(staging.orElseThrow().segment().mismatch(memory.segment())).isEqualTo(-1);
    staging.orElseThrow().close();
    assertServes();
  }

  private void assertServes() throws Exception {
    try (ReadChannel channel =
            new TcpTransport(Optional.empty())
                .openForReading(offer, Map.of(1, memory.segment().byteSize()), PATIENCE);
        RemoteRead read = channel.prepare(new Span(1, 0, 4096), PATIENCE)) {
      channel.start(List.of(read));
      channel.await(read, PATIENCE);
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(offer.host(), offer.port());
    socket.setSoTimeout((int) PATIENCE.toMillis());
    return socket;
  }

  /** The agent may have closed already. */
  private static void write(Socket socket, byte[] bytes) throws IOException {
    try {
      socket.getOutputStream().write(bytes);
    } catch (SocketException e) {
      assertThat(hasEnded(socket)).isTrue();
    }
  }

  private static boolean hasEnded(Socket socket) throws IOException {
    try {
      for (int said = 0; said >= 0; ) {
        said = socket.getInputStream().read();
      }
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException e) {
      return true;
    }
    return true;
  }
}
