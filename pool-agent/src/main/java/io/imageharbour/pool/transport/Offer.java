package io.imageharbour.pool.transport;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What an agent tells a client that has said hello about one of its transports: how to get to the
 * memory. Values only; a client checks them as it checks everything.
 */
public sealed interface Offer {

  /** The name of the transport. */
  String transport();

  /** What to show there. */
  Ticket ticket();

  /**
   * Shared memory of one host.
   *
   * @param host says which host that is: its boot ID
   * @param socket where it is passed on
   */
  record SharedMemoryOffer(String host, Path socket, Ticket ticket) implements Offer {
    @Override
    public String transport() {
      return "shm";
    }
  }

  /**
   * TCP.
   *
   * @param host where the client reaches the agent
   */
  record TcpOffer(String host, int port, Ticket ticket) implements Offer {
    @Override
    public String transport() {
      return "tcp";
    }
  }

  /**
   * RDMA.
   *
   * @param addresses IPv4 addresses of the agent's RDMA devices, and the port there
   * @param regions where each region lies in the agent's memory, and the key to it, by number
   */
  record RdmaOffer(
      List<String> addresses, int port, Ticket ticket, Map<Integer, RemoteRegion> regions)
      implements Offer {

    public RdmaOffer {
      addresses = List.copyOf(addresses);
      regions = Map.copyOf(regions);
    }

    @Override
    public String transport() {
      return "rdma";
    }
  }

  /**
   * Memory of another host that a READ or WRITE may name.
   *
   * @param address of its first byte there
   * @param key remote key (rkey) of the memory region
   * @param size in bytes
   */
  record RemoteRegion(long address, int key, long size) {}
}
