package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvSendWR;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * Writes by one-sided WRITEs, one after the other, out of a buffer that is registered. What lies
 * outside the staging memory is refused by the agent's device, which ends the connection.
 */
final class RdmaWrites implements WriteChannel {

  private static final long SPIN_NANOS = 500_000;
  private static final int LOOK_MILLIS = 100;
  private static final int NONE = -1;

  private final Connection connection;
  private final SharedMemory buffer;
  private final WorkRequests requests;
  private int status = NONE;
  private boolean open = true;

  /** Takes the connection and the buffer over. */
  RdmaWrites(Connection connection, SharedMemory buffer) throws IOException {
    this.connection = connection;
    this.buffer = buffer;
    requests =
        new WorkRequests(connection.qp(), IbvSendWR.IBV_WR_RDMA_WRITE, connection.localKey());
  }

  @Override
  public void write(List<Piece> pieces, Duration patience) throws TransportException {
    long deadline = System.nanoTime() + patience.toNanos();
    for (Piece piece : pieces) {
      write(piece.offset(), piece.bytes(), deadline);
    }
  }

  private void write(long offset, MemorySegment bytes, long deadline) throws TransportException {
    if (bytes.byteSize() < 1 || bytes.byteSize() > Span.MAX_LENGTH) {
      throw new IllegalArgumentException("a write of %d bytes".formatted(bytes.byteSize()));
    }
    if (!open) {
      throw new TransportException("the connection to the agent is closed");
    }
    MemorySegment.copy(bytes, 0, buffer.segment(), 0, bytes.byteSize());
    try {
      status = NONE;
      requests.post(
          1,
          (request, i) -> {
            request.getSgeMod(0).setAddr(buffer.segment().address());
            request.getSgeMod(0).setLength((int) bytes.byteSize());
            request.getRdmaMod().setRemote_addr(connection.staging().address() + offset);
            request.getRdmaMod().setRkey(connection.staging().key());
          });
      await(deadline);
    } catch (TransportException e) {
      open = false;
      throw e;
    } catch (IOException e) {
      open = false;
      throw new TransportException("could not write to the agent: " + e.getMessage(), e);
    }
  }

  private void await(long deadline) throws IOException {
    long begin = System.nanoTime();
    while (status == NONE) {
      int unused = connection.poll((number, result) -> status = result);
      long now = System.nanoTime();
      if (status != NONE) {
        break;
      }
      if (now - deadline > 0) {
        throw new TransportException("the bytes did not get to the agent in time");
      }
      if (now - begin > SPIN_NANOS) {
        sleep();
      }
    }
    if (status != 0) {
      throw new TransportException("the agent's device refused the bytes: status " + status);
    }
  }

  private void sleep() throws IOException {
    connection.requestEvent();
    if (connection.poll((number, result) -> status = result) == 0
        && !connection.awaitEvent(LOOK_MILLIS)
        && connection.hasHungUp()) {
      throw new TransportException("the agent has ended the connection");
    }
  }

  @Override
  public void close() {
    if (buffer.segment().scope().isAlive()) {
      open = false;
      requests.free();
      connection.release();
      buffer.close();
    }
  }
}
