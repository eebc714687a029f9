package io.imageharbour.pool.transport.shm;

import io.imageharbour.pool.linux.MemorySocket;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.BufferPool;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.TransportException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Reads by copying out of the agent's memory: what is hashed must not change any more. A read has
 * ended when it was begun. The memory stays as long as this has it, even if the agent is gone.
 */
final class SharedMemoryReads implements ReadChannel {

  private final MemorySocket socket;
  private final Map<Integer, SharedMemory> regions;
  private final BufferPool buffers;
  private volatile boolean open = true;

  /** Takes all three over. */
  SharedMemoryReads(MemorySocket socket, Map<Integer, SharedMemory> regions, BufferPool buffers) {
    this.socket = socket;
    this.regions = Map.copyOf(regions);
    this.buffers = buffers;
  }

  @Override
  public RemoteRead prepare(Span span, Duration patience)
      throws TransportException, InterruptedException {
    region(span);
    return new RemoteRead(span, buffers.take(span, patience));
  }

  @Override
  public void start(List<RemoteRead> reads) throws TransportException {
    for (RemoteRead read : reads) {
      read.start();
      try {
        Span span = read.span();
        MemorySegment.copy(
            region(span).segment(), span.offset(), read.buffer().segment(), 0, span.length());
        read.succeed();
      } catch (IllegalStateException e) {
        read.fail("the channel was closed");
      }
    }
  }

  @Override
  public void await(RemoteRead read, Duration patience) throws TransportException {
    read.requireSuccess();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public synchronized void close() {
    if (open) {
      open = false;
      socket.close();
      regions.values().forEach(SharedMemory::close);
      buffers.close();
    }
  }

  private SharedMemory region(Span span) throws TransportException {
    SharedMemory region = regions.get(span.region());
    if (region == null || !span.isWithin(region.segment().byteSize())) {
      throw new TransportException(span + " is not in the memory that the agent passed");
    }
    return region;
  }
}
