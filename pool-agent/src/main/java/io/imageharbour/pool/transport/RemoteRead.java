package io.imageharbour.pool.transport;

import io.imageharbour.pool.memory.Span;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A read of an agent's memory: prepared, begun, ended, and closed by who prepared it. Its buffer is
 * used again once it is closed, and not before the transport has done with it. Safe for use by one
 * thread that waits and one that completes it.
 */
public final class RemoteRead implements AutoCloseable {

  private final Span span;
  private final BufferPool.Buffer buffer;
  private @Nullable Thread waiting;
  private @Nullable String failure;
  private State state = State.PREPARED;
  private boolean gone;
  private boolean closed;
  private boolean released;

  private enum State {
    PREPARED,
    STARTED,
    ENDED
  }

  /** For transports. */
  public RemoteRead(Span span, BufferPool.Buffer buffer) {
    this.span = span;
    this.buffer = buffer;
  }

  /** What is read. */
  public Span span() {
    return span;
  }

  /** Where the bytes are once the read has ended well, until it is closed. */
  public MemorySegment bytes() {
    return buffer.segment().asSlice(0, span.length());
  }

  /** For transports: the buffer, which has room for the span. */
  public BufferPool.Buffer buffer() {
    return buffer;
  }

  /** For transports: the buffer is theirs from now on. */
  public synchronized void start() {
    if (state != State.PREPARED || closed) {
      throw new IllegalStateException("a read is begun once");
    }
    state = State.STARTED;
  }

  /** For transports: the bytes are there. */
  public void succeed() {
    end(null);
  }

  /** For transports: they did not come. The buffer is not touched any more. */
  public void fail(String cause) {
    end(cause);
  }

  /** For transports: the agent does not have that memory any more. The buffer is not touched. */
  public synchronized void refuse() {
    gone = true;
    end("the agent does not have " + span + " any more");
  }

  private void end(@Nullable String cause) {
    @Nullable Thread wake;
    synchronized (this) {
      if (state == State.ENDED) {
        return;
      }
      state = State.ENDED;
      failure = cause;
      wake = waiting;
      releaseIfDone();
    }
    if (wake != null) {
      LockSupport.unpark(wake);
    }
  }

  /** Whether it has ended, well or not. */
  public synchronized boolean hasEnded() {
    return state == State.ENDED;
  }

  /** For transports: waits until it has ended, without looking after that itself. */
  public boolean park(long nanos) throws InterruptedException {
    long deadline = System.nanoTime() + nanos;
    synchronized (this) {
      waiting = Thread.currentThread();
    }
    while (!hasEnded()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      LockSupport.parkNanos(this, left);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    return true;
  }

  /**
   * For transports: that it has ended well.
   *
   * @throws MemoryGoneException if the agent does not have that memory any more
   * @throws TransportException if it has not
   */
  public synchronized void requireSuccess() throws TransportException {
    if (failure != null) {
      throw gone ? new MemoryGoneException(failure) : new TransportException(failure);
    }
    if (state != State.ENDED) {
      throw new TransportException("nothing came in time");
    }
  }

  /** Gives the buffer back, as soon as the transport does not need it any more. */
  @Override
  public synchronized void close() {
    closed = true;
    releaseIfDone();
  }

  private void releaseIfDone() {
    if (closed && state != State.STARTED && !released) {
      released = true;
      buffer.release();
    }
  }
}
