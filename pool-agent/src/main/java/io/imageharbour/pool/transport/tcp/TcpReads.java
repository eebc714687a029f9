package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.BufferPool;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.TransportException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Reads over one TCP connection; a thread takes the answers, which come in order. */
final class TcpReads implements ReadChannel {

  /** What is copied at once, in bytes. */
  private static final int PIECE = 64 << 10;

  private final Connection connection;
  private final Map<Integer, Long> sizes;
  private final BufferPool buffers;

  /** In the order of the requests; as many as there are buffers at most. */
  private final Queue<RemoteRead> waiting = new ArrayDeque<>();

  private volatile boolean open = true;

  /** Takes the connection and the buffers over. */
  TcpReads(Connection connection, Map<Integer, Long> sizes, BufferPool buffers) {
    this.connection = connection;
    this.sizes = Map.copyOf(sizes);
    this.buffers = buffers;
    Thread unused = Thread.ofPlatform().daemon().name("pool-tcp").start(this::takeAnswers);
  }

  @Override
  public RemoteRead prepare(Span span, Duration patience)
      throws TransportException, InterruptedException {
    Long size = sizes.get(span.region());
    if (size == null || !span.isWithin(size)) {
      throw new TransportException(span + " is not in the memory of the agent");
    }
    return new RemoteRead(span, buffers.take(span, patience));
  }

  @Override
  public void start(List<RemoteRead> reads) throws TransportException {
    ByteBuffer requests = ByteBuffer.allocate(reads.size() * Frames.REQUEST);
    for (RemoteRead read : reads) {
      Span span = read.span();
      requests.putInt(span.region()).putLong(span.offset()).putInt(span.length());
    }
    synchronized (connection) {
      synchronized (waiting) {
        if (!open) {
          throw new TransportException("the connection to the agent is closed");
        }
        for (RemoteRead read : reads) {
          read.start();
          waiting.add(read);
        }
      }
      try {
        connection.out().write(requests.array());
      } catch (IOException e) {
        close();
        throw new TransportException("could not send to the agent: " + e.getMessage(), e);
      }
    }
  }

  @Override
  public void await(RemoteRead read, Duration patience)
      throws TransportException, InterruptedException {
    boolean unused = read.park(patience.toNanos());
    read.requireSuccess();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    connection.close();
  }

  private void takeAnswers() {
    String cause = "the connection to the agent was closed";
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(connection.in(), PIECE))) {
      byte[] piece = new byte[PIECE];
      while (true) {
        byte result = in.readByte();
        @Nullable RemoteRead read;
        synchronized (waiting) {
          read = waiting.peek();
        }
        if (read == null || (result != Frames.OK && result != Frames.REFUSED)) {
          cause = "the agent answered something that was not asked";
          return;
        }
        if (result == Frames.OK) {
          fill(read, in, piece);
        }
        synchronized (waiting) {
          waiting.remove();
        }
        if (result == Frames.OK) {
          read.succeed();
        } else {
          read.refuse();
        }
      }
    } catch (IOException e) {
      cause = "the connection to the agent broke: " + e.getMessage();
    } finally {
      end(cause);
    }
  }

  private static void fill(RemoteRead read, DataInputStream in, byte[] piece) throws IOException {
    MemorySegment target = read.buffer().segment();
    int length = read.span().length();
    for (int done = 0; done < length; ) {
      int now = in.read(piece, 0, Math.min(piece.length, length - done));
      if (now < 0) {
        throw new IOException("it ended in the middle of an answer");
      }
      MemorySegment.copy(piece, 0, target, ValueLayout.JAVA_BYTE, done, now);
      done += now;
    }
  }

  /** By the thread that fills buffers, so that none of them is touched any more. */
  private void end(String cause) {
    List<RemoteRead> left;
    synchronized (waiting) {
      open = false;
      left = List.copyOf(waiting);
      waiting.clear();
    }
    left.forEach(read -> read.fail(cause));
    close();
    buffers.close();
  }
}
