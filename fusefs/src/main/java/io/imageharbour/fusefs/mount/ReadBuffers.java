package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.kernel.FuseConnection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Native buffers for the answers to READ, used again and again. Made when first needed, and of
 * their pages only those become resident that a read has filled. Safe for use by several threads.
 */
final class ReadBuffers {

  private final ConcurrentLinkedQueue<MemorySegment> idle = new ConcurrentLinkedQueue<>();
  private final Semaphore permits;

  /** At most {@code count} buffers. */
  ReadBuffers(int count) {
    permits = new Semaphore(count);
  }

  /** A buffer of {@link FuseConnection#DATA_OFFSET} and {@link FuseConnection#MAX_READ} bytes. */
  MemorySegment take() {
    permits.acquireUninterruptibly();
    @Nullable MemorySegment buffer = idle.poll();
    return buffer != null
        ? buffer
        : Arena.ofAuto().allocate(FuseConnection.DATA_OFFSET + FuseConnection.MAX_READ, Long.BYTES);
  }

  void giveBack(MemorySegment buffer) {
    idle.add(buffer);
    permits.release();
  }
}
