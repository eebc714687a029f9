package io.imageharbour.pool.transport.shm;

import io.imageharbour.pool.linux.MemorySocket;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.transport.BufferPool;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.SharedMemoryOffer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Reads the memory of an agent on the same host by mapping it. */
public final class SharedMemoryTransport implements Transport {

  /** No agent has more regions; 4096 slabs of 1 GiB are 4 TiB. */
  private static final int MAX_REGIONS = 4097;

  private final String host;

  /** The transport of this host. */
  public SharedMemoryTransport() throws IOException {
    host = BootId.read();
  }

  @Override
  public String name() {
    return "shm";
  }

  @Override
  public boolean reaches(Offer offer) {
    return offer instanceof SharedMemoryOffer shared && shared.host().equals(host);
  }

  @Override
  public ReadChannel openForReading(Offer offer, Map<Integer, Long> sizes, Duration patience)
      throws IOException {
    Map<Integer, SharedMemory> regions = new HashMap<>();
    MemorySocket socket = connect(offer, patience);
    try {
      receive(socket, Messages.READ, offer.ticket(), false, regions, patience);
      return new SharedMemoryReads(socket, regions, new BufferPool());
    } catch (IOException | RuntimeException | Error e) {
      close(socket, regions);
      throw e;
    }
  }

  @Override
  public WriteChannel openForWriting(Offer offer, long stagingSize, Duration patience)
      throws IOException {
    Map<Integer, SharedMemory> staging = new HashMap<>();
    MemorySocket socket = connect(offer, patience);
    try {
      receive(socket, Messages.WRITE, offer.ticket(), true, staging, patience);
      SharedMemory memory = staging.get(0);
      if (memory == null || memory.segment().byteSize() < stagingSize) {
        throw new TransportException("the agent passed less staging memory than it said");
      }
      return new SharedMemoryWrites(socket, memory);
    } catch (IOException | RuntimeException | Error e) {
      close(socket, staging);
      throw e;
    }
  }

  @Override
  public void close() {}

  private static MemorySocket connect(Offer offer, Duration patience) throws IOException {
    Path path = ((SharedMemoryOffer) offer).socket();
    return MemorySocket.connect(path, patience);
  }

  private static void receive(
      MemorySocket socket,
      byte purpose,
      Ticket ticket,
      boolean writable,
      Map<Integer, SharedMemory> into,
      Duration patience)
      throws IOException {
    long deadline = System.nanoTime() + patience.toNanos();
    socket.send(Messages.hello(purpose, ticket));
    for (int i = 0; i <= MAX_REGIONS; i++) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (!left.isPositive()) {
        throw new TransportException("the agent took too long to pass its memory");
      }
      // a microsecond at least: zero is for ever
      socket.setPatience(left.plusNanos(1000));
      try (MemorySocket.Message message = socket.receive()) {
        ByteBuffer bytes = message.bytes();
        if (bytes.remaining() == 1) {
          if (bytes.get() == Messages.DONE) {
            return;
          }
          throw new TransportException("the agent does not know the ticket any more");
        }
        if (bytes.remaining() != Messages.REGION || message.memory().isEmpty()) {
          throw new TransportException("the agent sent something else than memory");
        }
        int number = bytes.getInt();
        long size = bytes.getLong();
        if (number < 0 || size <= 0 || into.containsKey(number)) {
          throw new TransportException("the agent sent region %d twice or empty".formatted(number));
        }
        into.put(number, message.memory().get().map(size, writable));
      }
    }
    throw new TransportException("the agent sent more than " + MAX_REGIONS + " regions");
  }

  private static void close(MemorySocket socket, Map<Integer, SharedMemory> memory) {
    socket.close();
    memory.values().forEach(SharedMemory::close);
  }
}
