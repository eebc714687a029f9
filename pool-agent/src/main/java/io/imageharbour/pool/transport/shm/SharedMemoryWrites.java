package io.imageharbour.pool.transport.shm;

import io.imageharbour.pool.linux.MemorySocket;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

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
  public void write(List<Piece> pieces, Duration patience) throws TransportException {
    MemorySegment target = staging.segment();
    for (Piece piece : pieces) {
      long size = piece.bytes().byteSize();
      if (piece.offset() < 0 || piece.offset() > target.byteSize() - size) {
        throw new TransportException("the agent named a place that is not in its staging memory");
      }
      MemorySegment.copy(piece.bytes(), 0, target, piece.offset(), size);
    }
  }

  @Override
  public void close() {
    socket.close();
    staging.close();
  }
}
