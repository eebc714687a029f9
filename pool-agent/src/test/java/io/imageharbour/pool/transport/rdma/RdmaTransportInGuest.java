package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ibm.disni.verbs.IbvSendWR;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.RdmaOffer;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportContract;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.TransportServer;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Runs where there is an RDMA device, in the guest of {@code integration-tests}. */
class RdmaTransportInGuest extends TransportContract {

  private static final int REFUSED = 10;

  private static Map<String, Long> objectsBefore = Map.of();

  private final String address = System.getProperty("harbour.rdma.address");
  private UnaryOperator<RdmaOffer> change = UnaryOperator.identity();

  @SuppressWarnings("NullAway.Init") // each test begins with serve
  private RdmaServer server;

  @Override
  protected TransportServer serve(Regions regions, Sessions sessions) throws IOException {
    server = new RdmaServer(List.of(InetAddress.getByName(address)), 0, regions, sessions);
    return server;
  }

  @Override
  protected Transport connect() throws IOException {
    return new RdmaTransport();
  }

  @Override
  protected Offer complete(Offer offer) {
    return change.apply((RdmaOffer) offer);
  }

  @BeforeAll
  static void countTheDevicesObjects() throws Exception {
    objectsBefore = DeviceObjects.count();
  }

  @AfterAll
  static void allOfTheDevicesObjectsAreGone() throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!DeviceObjects.count().equals(objectsBefore) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(DeviceObjects.count()).isEqualTo(objectsBefore);
  }

  @Test
  void aWrongKeyIsRefusedAndEndsTheChannel() throws Exception {
    change = offer -> withKeys(offer, 0x100);
    try (ReadChannel channel = open(session(1))) {
      assertThatThrownBy(() -> read(channel, new Span(1, 0, 100)))
          .isInstanceOf(TransportException.class)
          .hasMessageContaining("status " + REFUSED);
      await(() -> !channel.isOpen());
    }
    change = UnaryOperator.identity();
    try (ReadChannel channel = open(session(1))) {
      assertThat(read(channel, new Span(1, 0, 100))).isEqualTo(bytes(new Span(1, 0, 100)));
    }
  }

  @Test
  void whoReadsCanNotWriteToARegion() throws Exception {
    RdmaOffer offer = (RdmaOffer) server.offer(session(1));
    byte[] before = bytes(new Span(1, 0, 64));
    assertThat(attempt(offer, Messages.READ, IbvSendWR.IBV_WR_RDMA_WRITE, region(offer)))
        .isEqualTo(REFUSED);
    assertThat(bytes(new Span(1, 0, 64))).isEqualTo(before);
  }

  @Test
  void whoWritesCanNotReachARegion() throws Exception {
    openStaging(session(1));
    RdmaOffer offer = (RdmaOffer) server.offer(session(1));
    for (int opcode : new int[] {IbvSendWR.IBV_WR_RDMA_READ, IbvSendWR.IBV_WR_RDMA_WRITE}) {
      assertThat(attempt(offer, Messages.WRITE, opcode, region(offer))).isEqualTo(REFUSED);
    }
  }

  @Test
  void stagingIsOutOfReachForOtherSessionsThatKnowItsKey() throws Exception {
    SharedMemory mine = openStaging(session(1));
    openStaging(session(2));
    RdmaOffer my = (RdmaOffer) server.offer(session(1));
    RdmaOffer others = (RdmaOffer) server.offer(session(2));
    try (Arena arena = Arena.ofShared()) {
      Connection writer = Connection.open(my, Messages.WRITE, arena.allocate(64), 1, PATIENCE);
      RemoteRegion staging = writer.staging();
      assertThat(attempt(others, Messages.WRITE, IbvSendWR.IBV_WR_RDMA_WRITE, staging))
          .isEqualTo(REFUSED);
      assertThat(attempt(others, Messages.READ, IbvSendWR.IBV_WR_RDMA_WRITE, staging))
          .isEqualTo(REFUSED);
      assertThat(attempt(my, Messages.WRITE, IbvSendWR.IBV_WR_RDMA_READ, staging))
          .isEqualTo(REFUSED);
      writer.release();
    }
    assertThat(mine.segment().mismatch(MemorySegment.ofArray(new byte[4 << 20]))).isEqualTo(-1);
  }

  @Test
  void aSessionThatEndsTakesItsReadersAlong() throws Exception {
    Session session = session(1);
    try (ReadChannel channel = open(session)) {
      List<RemoteRead> reads = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        reads.add(channel.prepare(new Span(1, 0, 1 << 20), PATIENCE));
      }
      channel.start(reads);
      session.end();
      assertThat(server.connections()).isZero();
      await(() -> !channel.isOpen());
      for (RemoteRead read : reads) {
        await(read::hasEnded);
        read.close();
      }
      assertThatThrownBy(() -> read(channel, new Span(1, 0, 100)))
          .isInstanceOf(TransportException.class);
    }
  }

  @Test
  void stagingThatIsTakenBackIsNotWrittenAnyMore() throws Exception {
    Session session = session(1);
    openStaging(session);
    try (WriteChannel channel = openForWriting(session)) {
      write(channel, 0, new byte[] {1, 2, 3});
      SharedMemory staging = session.closeStaging().orElseThrow();
      assertThat(server.connections()).isZero();
      assertThatThrownBy(() -> write(channel, 0, new byte[] {4, 5, 6}))
          .isInstanceOf(TransportException.class)
          .hasMessageNotContaining("in time");
      assertThat(staging.segment().asByteBuffer().get(0)).isEqualTo((byte) 1);
    }
  }

  @Test
  void aRegionThatWentIsNotRead() throws Exception {
    Region region = regions().find(1).orElseThrow();
    try (ReadChannel channel = open(session(1))) {
      assertThat(read(channel, new Span(1, 0, 100))).hasSize(100);
      regions().remove(region);
      assertThatThrownBy(() -> read(channel, new Span(1, 0, 100)))
          .isInstanceOf(TransportException.class);
    }
    assertThat(((RdmaOffer) server.offer(session(1))).regions()).containsOnlyKeys(Region.TABLE);
  }

  @Test
  void anAgentThatStopsEndsItsConnections() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      server.close();
      await(() -> !channel.isOpen());
      assertThatThrownBy(() -> open(session(1)).close())
          .isInstanceOf(TransportException.class)
          .hasMessageContaining(address);
    }
  }

  @Test
  void anAddressThatDoesNotAnswerLeavesTimeForTheNext() throws Exception {
    RdmaOffer offer = (RdmaOffer) server.offer(session(1));
    List<String> addresses = List.of(address.replaceFirst("\\d+$", "9"), address);
    RdmaOffer both = new RdmaOffer(addresses, offer.port(), offer.ticket(), offer.regions());
    try (Transport transport = connect();
        ReadChannel channel = transport.openForReading(both, Map.of(1, 100L), PATIENCE)) {
      assertThat(read(channel, new Span(1, 0, 100))).isEqualTo(bytes(new Span(1, 0, 100)));
    }
  }

  @Test
  void anAddressOfNoDeviceIsNamed() {
    assertThatThrownBy(
            () ->
                new RdmaServer(
                        List.of(InetAddress.getByName("192.0.2.1")), 0, regions(), t -> none())
                    .close())
        .isInstanceOf(TransportException.class)
        .hasMessageContaining("192.0.2.1");
  }

  private static RemoteRegion region(RdmaOffer offer) {
    return Optional.ofNullable(offer.regions().get(1)).orElseThrow();
  }

  private static Optional<Session> none() {
    return Optional.empty();
  }

  /** One request on a connection of its own; answers the status. */
  private static int attempt(RdmaOffer offer, byte purpose, int opcode, RemoteRegion target)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(64).fill((byte) 42);
      Connection connection = Connection.open(offer, purpose, memory, 1, PATIENCE);
      WorkRequests requests = new WorkRequests(connection.qp(), opcode, connection.localKey());
      try {
        requests.post(
            1,
            (request, i) -> {
              request.getSgeMod(0).setAddr(memory.address());
              request.getSgeMod(0).setLength(64);
              request.getRdmaMod().setRemote_addr(target.address());
              request.getRdmaMod().setRkey(target.key());
            });
        int[] status = {-1};
        while (status[0] < 0) {
          int unused = connection.poll((number, result) -> status[0] = result);
        }
        return status[0];
      } finally {
        requests.free();
        connection.release();
      }
    }
  }

  private static RdmaOffer withKeys(RdmaOffer offer, int difference) {
    Map<Integer, RemoteRegion> regions =
        offer.regions().entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    entry ->
                        new RemoteRegion(
                            entry.getValue().address(),
                            entry.getValue().key() ^ difference,
                            entry.getValue().size())));
    return new RdmaOffer(offer.addresses(), offer.port(), offer.ticket(), regions);
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }
}
