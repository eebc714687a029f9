package io.imageharbour.pool.transport.shm;

import io.imageharbour.pool.linux.MemorySocket;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** Writes by copying into staging memory that the agent has passed. */
final class SharedMemoryWrites implements WriteChannel {

  private final MemorySocket socket;
  private final SharedMemory staging;

  /** Takes both over. */
  SharedMemoryWrites(MemorySocket socket, SharedMemory staging) {
    this.socket = socket;
    this.staging = staging;
  }

  @Override
  public void write(long offset, MemorySegment bytes, Duration patience) throws TransportException {
    MemorySegment target = staging.segment();
    if (offset < 0 || offset > target.byteSize() - bytes.byteSize()) {
      throw new TransportException("the agent named a place that is not in its staging memory");
    }
    MemorySegment.copy(bytes, 0, target, offset, bytes.byteSize());
  }

  @Override
  public void close() {
    socket.close();
    staging.close();
  }
}
