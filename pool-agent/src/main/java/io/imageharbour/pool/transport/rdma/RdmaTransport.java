package io.imageharbour.pool.transport.rdma;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.BufferPool;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.RdmaOffer;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Reads the memory of an agent by RDMA. */
public final class RdmaTransport implements Transport {

  /** A transport. */
  public RdmaTransport() throws RdmaUnavailableException {
    RdmaUnavailableException.check();
  }

  @Override
  public String name() {
    return "rdma";
  }

  @Override
  public boolean reaches(Offer offer) {
    return offer instanceof RdmaOffer;
  }

  @Override
  public ReadChannel openForReading(Offer offer, Map<Integer, Long> sizes, Duration patience)
      throws IOException {
    RdmaOffer rdma = (RdmaOffer) offer;
    BufferPool buffers = new BufferPool();
    try {
      Connection connection =
          Connection.open(rdma, Messages.READ, buffers.memory(), BufferPool.BUFFERS, patience);
      try {
        return new RdmaReads(connection, known(rdma.regions(), sizes), buffers);
      } catch (IOException | RuntimeException | Error e) {
        connection.release();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      buffers.close();
      throw e;
    }
  }

  @Override
  public WriteChannel openForWriting(Offer offer, long stagingSize, Duration patience)
      throws IOException {
    SharedMemory buffer = SharedMemory.createWritable("harbour-writes", Span.MAX_LENGTH);
    try {
      Connection connection =
          Connection.open((RdmaOffer) offer, Messages.WRITE, buffer.segment(), 1, patience);
      try {
        return new RdmaWrites(connection, buffer);
      } catch (IOException | RuntimeException | Error e) {
        connection.release();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      buffer.close();
      throw e;
    }
  }

  @Override
  public void close() {}

  /** The regions that the agent has registered, as large as it says in both places. */
  private static Map<Integer, RemoteRegion> known(
      Map<Integer, RemoteRegion> offered, Map<Integer, Long> sizes) {
    Map<Integer, RemoteRegion> known = new HashMap<>();
    offered.forEach(
        (number, region) -> {
          long size = Math.min(region.size(), sizes.getOrDefault(number, 0L));
          known.put(number, new RemoteRegion(region.address(), region.key(), size));
        });
    return known;
  }
}
