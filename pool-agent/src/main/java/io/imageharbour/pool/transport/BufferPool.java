package io.imageharbour.pool.transport;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Span;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Memory for reads on their way: small buffers and large ones, made once and used again, the one
 * that came back last first, as the processor's caches still have it. That it is limited limits
 * what is asked of an agent at once. Safe for use by several threads.
 */
public final class BufferPool implements AutoCloseable {

  private static final int SMALL = 64 << 10;
  private static final int SMALL_ONES = 64;
  private static final int LARGE_ONES = 16;

  /** What all buffers have together, in bytes. */
  public static final long BYTES = (long) SMALL * SMALL_ONES + (long) Span.MAX_LENGTH * LARGE_ONES;

  /** So many reads may be on their way at once. */
  public static final int BUFFERS = SMALL_ONES + LARGE_ONES;

  private final SharedMemory memory;
  private final BlockingDeque<Buffer> small = new LinkedBlockingDeque<>(SMALL_ONES);
  private final BlockingDeque<Buffer> large = new LinkedBlockingDeque<>(LARGE_ONES);

  private int taken;
  private boolean closed;

  /** A buffer. */
  public final class Buffer {
    private final int number;
    private final long offset;
    private final MemorySegment segment;
    private final BlockingDeque<Buffer> home;

    private Buffer(int number, long offset, int size, BlockingDeque<Buffer> home) {
      this.number = number;
      this.offset = offset;
      this.home = home;
      segment = memory.segment().asSlice(offset, size);
    }

    /** From 0, less than {@link #BUFFERS}; for what a transport keeps with each buffer. */
    public int number() {
      return number;
    }

    /** Where it begins in {@link #memory}, in bytes. */
    public long offset() {
      return offset;
    }

    /** Its bytes. */
    public MemorySegment segment() {
      return segment;
    }

    void release() {
      boolean unused = home.offerFirst(this);
      givenBack();
    }
  }

  /** A pool of its own; its memory becomes real where it is used. */
  public BufferPool() throws IOException {
    // not of an arena, which would fill it with zeros
    memory = SharedMemory.createWritable("harbour-reads", BYTES);
    long offset = 0;
    for (int i = 0; i < BUFFERS; i++) {
      boolean isSmall = i < SMALL_ONES;
      int size = isSmall ? SMALL : Span.MAX_LENGTH;
      BlockingDeque<Buffer> home = isSmall ? small : large;
      home.add(new Buffer(i, offset, size, home));
      offset += size;
    }
  }

  /** The memory of all buffers, to be registered. */
  public MemorySegment memory() {
    return memory.segment();
  }

  /**
   * A buffer for a span; waits for one.
   *
   * @throws TransportException if none became free in time, or the pool is closed
   */
  public Buffer take(Span span, Duration patience) throws TransportException, InterruptedException {
    BlockingDeque<Buffer> home = span.length() <= SMALL ? small : large;
    @Nullable Buffer buffer = home.poll();
    if (buffer == null) {
      buffer = home.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    }
    if (buffer == null) {
      throw new TransportException("too many reads are on their way to the agent");
    }
    synchronized (this) {
      if (closed) {
        throw new TransportException("the channel was closed");
      }
      taken++;
    }
    return buffer;
  }

  /** Lends no more; the memory is freed when the last buffer has come back. */
  @Override
  public synchronized void close() {
    closed = true;
    freeIfUnused();
  }

  private synchronized void givenBack() {
    taken--;
    freeIfUnused();
  }

  private void freeIfUnused() {
    if (closed && taken == 0) {
      memory.close();
    }
  }
}
