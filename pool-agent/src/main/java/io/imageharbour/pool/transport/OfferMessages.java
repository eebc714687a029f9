package io.imageharbour.pool.transport;

import com.google.protobuf.ByteString;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.proto.HelloReply;
import io.imageharbour.pool.proto.Memory;
import io.imageharbour.pool.proto.RegisteredRegion;
import java.nio.ByteBuffer;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Offers and memory as messages of the protocol, and back. */
public final class OfferMessages {

  /** An agent has no more regions: 4096 slabs and the table. */
  private static final int MAX_REGIONS = 4097;

  private static final int MAX_ADDRESSES = 16;

  private OfferMessages() {}

  /** The regions that there are. */
  public static Memory memory(Regions.Geometry geometry) {
    Memory.Builder memory = Memory.newBuilder().setVersion(geometry.version());
    for (Region region : geometry.regions()) {
      memory.addRegions(
          io.imageharbour.pool.proto.Region.newBuilder()
              .setNumber(region.number())
              .setSize(region.size()));
    }
    return memory.build();
  }

  /** Puts an offer into what an agent says; the ticket is in there already. */
  public static void put(Offer offer, HelloReply.Builder hello) {
    switch (offer) {
      case Offer.SharedMemoryOffer shared ->
          hello.setSharedMemory(
              io.imageharbour.pool.proto.SharedMemoryOffer.newBuilder()
                  .setHost(shared.host())
                  .setSocket(shared.socket().toString()));
      case Offer.TcpOffer tcp ->
          hello.setTcp(io.imageharbour.pool.proto.TcpOffer.newBuilder().setPort(tcp.port()));
      case Offer.RdmaOffer rdma -> {
        var message =
            io.imageharbour.pool.proto.RdmaOffer.newBuilder()
                .addAllAddresses(rdma.addresses())
                .setPort(rdma.port());
        rdma.regions()
            .forEach(
                (number, region) ->
                    message.addRegions(
                        RegisteredRegion.newBuilder()
                            .setNumber(number)
                            .setAddress(region.address())
                            .setKey(region.key())
                            .setSize(region.size())));
        hello.setRdma(message);
      }
    }
  }

  /**
   * The sizes of an agent's regions, by number, in bytes.
   *
   * @throws TransportException if it says what can't be
   */
  public static Map<Integer, Long> sizes(Memory memory) throws TransportException {
    require(memory.getRegionsCount() <= MAX_REGIONS);
    Map<Integer, Long> sizes = new HashMap<>();
    for (var region : memory.getRegionsList()) {
      require(region.getNumber() >= 0 && region.getSize() > 0);
      require(sizes.put(region.getNumber(), region.getSize()) == null);
    }
    return sizes;
  }

  /**
   * What an agent offers, in no order.
   *
   * @param host where it was reached
   * @throws TransportException if it says what can't be
   */
  public static List<Offer> offers(HelloReply hello, String host) throws TransportException {
    Ticket ticket = ticket(hello.getTicket());
    List<Offer> offers = new ArrayList<>();
    if (hello.hasSharedMemory()) {
      try {
        offers.add(
            new Offer.SharedMemoryOffer(
                hello.getSharedMemory().getHost(),
                Path.of(hello.getSharedMemory().getSocket()),
                ticket));
      } catch (InvalidPathException e) {
        throw new TransportException("the agent names a socket that is no path", e);
      }
    }
    if (hello.hasTcp()) {
      require(isPort(hello.getTcp().getPort()));
      offers.add(new Offer.TcpOffer(host, hello.getTcp().getPort(), ticket));
    }
    if (hello.hasRdma()) {
      var rdma = hello.getRdma();
      require(isPort(rdma.getPort()) && rdma.getAddressesCount() <= MAX_ADDRESSES);
      require(rdma.getRegionsCount() <= MAX_REGIONS);
      Map<Integer, Offer.RemoteRegion> regions = new HashMap<>();
      for (RegisteredRegion region : rdma.getRegionsList()) {
        require(region.getNumber() >= 0 && region.getSize() > 0);
        regions.put(
            region.getNumber(),
            new Offer.RemoteRegion(region.getAddress(), region.getKey(), region.getSize()));
      }
      offers.add(new Offer.RdmaOffer(rdma.getAddressesList(), rdma.getPort(), ticket, regions));
    }
    return offers;
  }

  private static Ticket ticket(ByteString bytes) throws TransportException {
    require(bytes.size() == Ticket.BYTES);
    return Ticket.read(ByteBuffer.wrap(bytes.toByteArray()));
  }

  private static boolean isPort(int port) {
    return port > 0 && port < 1 << 16;
  }

  private static void require(boolean right) throws TransportException {
    if (!right) {
      throw new TransportException("the agent's answer to hello makes no sense");
    }
  }
}
