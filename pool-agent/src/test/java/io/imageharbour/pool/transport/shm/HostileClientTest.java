package io.imageharbour.pool.transport.shm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.pool.linux.MemorySocket;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.TransportException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What strangers may say on an agent's unix socket, and clients that do not keep to the protocol.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileClientTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** So many connections are served at once. */
  private static final int SLOTS = 256;

  @TempDir Path directory;
  private final Session session = new Session(Ticket.issue(1));
  private final Session other = new Session(Ticket.issue(2));
  private final Regions regions = new Regions();
  private final Random random = new Random(31);
  private final List<MemorySocket> sockets = new ArrayList<>();
  private Path path;
  private SharedMemory memory;
  private SharedMemoryServer server;

  @BeforeEach
  void start() throws IOException {
    path = directory.resolve("socket");
    memory = SharedMemory.create("test-region", 1 << 20, false);
    regions.add(new Region(1, memory));
    server =
        new SharedMemoryServer(
            path,
            regions,
            ticket ->
                Stream.of(session, other).filter(each -> each.ticket().equals(ticket)).findAny());
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    sockets.forEach(MemorySocket::close);
    server.close();
    memory.close();
    assertThat(threads()).isZero();
    assertThat(descriptors("/memfd:test-")).isZero();
  }

  @Test
  void whoSaysNothingIsCutOffAndKeepsNobodyWaitingForLong() throws Exception {
    for (int i = 0; i < SLOTS / 2; i++) {
      sockets.add(connect());
    }
    assertServes(session);
    // more than are served at once: the next waits until the first are cut off
    while (sockets.size() < SLOTS + 32) {
      sockets.add(connect());
      assertThat(threads()).isLessThanOrEqualTo(SLOTS);
    }
    assertServes(session);
    for (MemorySocket socket : sockets) {
      assertThat(hasEnded(socket)).isTrue();
    }
  }

  @Test
  void garbageEndsItsConnection() throws Exception {
    for (int i = 0; i < 200; i++) {
      byte[] garbage = new byte[1 + random.nextInt(i % 4 == 0 ? 100_000 : 2 * Messages.HELLO)];
      random.nextBytes(garbage);
      try (MemorySocket socket = connect()) {
        send(socket, garbage);
        assertThat(hasEnded(socket)).as("%s bytes", garbage.length).isTrue();
      }
    }
    assertServes(session);
  }

  @Test
  void halfAHelloIsNotWaitedFor() throws Exception {
    byte[] hello = Messages.hello(Messages.READ, session.ticket()).array();
    try (MemorySocket socket = connect()) {
      send(socket, ByteBuffer.wrap(hello, 0, 10));
      assertThat(hasEnded(socket)).isTrue();
    }
  }

  @Test
  void aWrongTicketGetsNoMemory() throws Exception {
    for (Ticket ticket : List.of(Ticket.issue(1), Ticket.issue(7))) {
      for (byte purpose : new byte[] {Messages.READ, Messages.WRITE, 0, 127}) {
        try (MemorySocket socket = connect()) {
          send(socket, Messages.hello(purpose, ticket));
          try (MemorySocket.Message answer = socket.receive()) {
            assertThat(answer.memory()).isEmpty();
            assertThat(answer.bytes().get()).isEqualTo(Messages.REFUSED);
          }
        }
      }
    }
  }

  @Test
  void memoryThatAClientPassesIsNotKept() throws Exception {
    try (SharedMemory unwanted = SharedMemory.create("test-unwanted", 4096, false)) {
      for (int i = 0; i < 20; i++) {
        MemorySocket socket = connect();
        sockets.add(socket);
        ByteBuffer hello = Messages.hello(Messages.READ, session.ticket());
        if (i % 2 == 0) {
          socket.send(hello, unwanted);
        } else {
          socket.send(hello.limit(5), unwanted);
        }
        if (i % 2 == 0) {
          socket.receive().close();
          socket.receive().close();
          socket.send(ByteBuffer.allocate(1), unwanted);
        }
        assertThat(hasEnded(socket)).isTrue();
      }
      assertThat(descriptors("/memfd:test-unwanted")).isEqualTo(1);
    }
  }

  @Test
  void aClientThatLeavesManyConnectionsOpenIsRefusedMoreAndOthersAreServed() throws Exception {
    List<ReadChannel> channels = new ArrayList<>();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < SLOTS; i++) {
                channels.add(open(session));
              }
            })
        .isInstanceOf(TransportException.class);
    assertThat(channels).hasSizeBetween(2, SLOTS / 4);
    assertServes(other);
    // those that it has go on, and when one is closed there may be another
    channels.getFirst().close();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    boolean served = false;
    while (!served && System.nanoTime() < deadline) {
      try {
        assertServes(session);
        served = true;
      } catch (TransportException e) {
        assertThat(e).hasMessageContaining("ticket");
      }
    }
    assertThat(served).isTrue();
    channels.forEach(ReadChannel::close);
  }

  private void assertServes(Session who) throws Exception {
    try (ReadChannel channel = open(who);
        RemoteRead read = channel.prepare(new Span(1, 0, 4096), PATIENCE)) {
      channel.start(List.of(read));
      channel.await(read, PATIENCE);
    }
  }

  private ReadChannel open(Session who) throws IOException, InterruptedException {
    Offer offer = server.offer(who);
    return new SharedMemoryTransport()
        .openForReading(offer, Map.of(1, memory.segment().byteSize()), PATIENCE);
  }

  private MemorySocket connect() throws IOException {
    MemorySocket socket = MemorySocket.connect(path, PATIENCE);
    socket.setPatience(PATIENCE);
    return socket;
  }

  private static void send(MemorySocket socket, byte[] bytes) throws IOException {
    send(socket, ByteBuffer.wrap(bytes));
  }

  private static void send(MemorySocket socket, ByteBuffer bytes) throws IOException {
    socket.send(bytes);
  }

  /** Without having passed any memory. */
  private static boolean hasEnded(MemorySocket socket) throws IOException {
    try {
      while (true) {
        try (MemorySocket.Message answer = socket.receive()) {
          assertThat(answer.memory()).isEmpty();
          assertThat(answer.bytes().get()).isEqualTo(Messages.REFUSED);
        }
      }
    } catch (EOFException e) {
      return true;
    } catch (IOException e) {
      // it closed before it had read everything
      return String.valueOf(e.getMessage()).contains("reset");
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("shm-client"))
        .count();
  }

  private static long descriptors(String name) throws IOException {
    long open = 0;
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        try {
          open += Files.readSymbolicLink(file).toString().startsWith(name) ? 1 : 0;
        } catch (NoSuchFileException closedMeanwhile) {
          open += 0;
        }
      }
    }
    return open;
  }
}
