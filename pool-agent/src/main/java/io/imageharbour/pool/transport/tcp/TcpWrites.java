package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Writes over one TCP connection: all pieces without waiting, then the answer to each is awaited.
 */
final class TcpWrites implements WriteChannel {

  /** Bytes that are handed to the kernel together; longer pieces go in several parts. */
  private static final int PART = 64 << 10;

  private final Connection connection;
  private final OutputStream out;
  private final byte[] part = new byte[PART];

  /** Takes the connection over. */
  TcpWrites(Connection connection) {
    this.connection = connection;
    out = new BufferedOutputStream(connection.out(), PART);
  }

  @Override
  public void write(List<Piece> pieces, Duration patience) throws TransportException {
    CompletableFuture<Void> written = connection.closeUnlessDone(patience);
    try {
      for (Piece piece : pieces) {
        send(piece);
      }
      out.flush();
      for (int i = 0; i < pieces.size(); i++) {
        if (connection.in().read() != Frames.OK) {
          throw new TransportException("the agent did not take the bytes");
        }
      }
    } catch (TransportException e) {
      throw e;
    } catch (IOException e) {
      throw new TransportException("could not write to the agent: " + e.getMessage(), e);
    } finally {
      written.complete(null);
    }
  }

  private void send(Piece piece) throws IOException {
    int length = Math.toIntExact(piece.bytes().byteSize());
    ByteBuffer.wrap(part).putInt(0).putLong(piece.offset()).putInt(length);
    out.write(part, 0, Frames.REQUEST);
    for (int done = 0; done < length; done += PART) {
      int now = Math.min(PART, length - done);
      MemorySegment.copy(piece.bytes(), ValueLayout.JAVA_BYTE, done, part, 0, now);
      out.write(part, 0, now);
    }
  }

  @Override
  public void close() {
    connection.close();
  }
}
