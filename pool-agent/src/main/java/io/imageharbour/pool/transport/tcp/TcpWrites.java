package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Writes over one TCP connection, one piece after the other. */
final class TcpWrites implements WriteChannel {

  private final Connection connection;

  /** Takes the connection over. */
  TcpWrites(Connection connection) {
    this.connection = connection;
  }

  @Override
  public void write(long offset, MemorySegment bytes, Duration patience) throws TransportException {
    int length = Math.toIntExact(bytes.byteSize());
    byte[] request = new byte[Frames.REQUEST + length];
    ByteBuffer.wrap(request).putInt(0).putLong(offset).putInt(length);
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, request, Frames.REQUEST, length);
    CompletableFuture<Void> written = new CompletableFuture<>();
    CompletableFuture<Void> unused =
        written
            .orTimeout(patience.toNanos(), TimeUnit.NANOSECONDS)
            .whenComplete(
                (nothing, late) -> {
                  if (late != null) {
                    connection.close();
                  }
                });
    try {
      connection.out().write(request);
      if (connection.in().read() != Frames.OK) {
        throw new TransportException("the agent did not take the bytes");
      }
    } catch (TransportException e) {
      throw e;
    } catch (IOException e) {
      throw new TransportException("could not write to the agent: " + e.getMessage(), e);
    } finally {
      written.complete(null);
    }
  }

  @Override
  public void close() {
    connection.close();
  }
}
