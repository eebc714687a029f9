package io.imageharbour.fusefs.cas;

import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Writes Java's byte buffers with system calls, which want native memory. */
final class Writing {

  /** Bytes on the heap are copied in steps of this size, so that big ones need little memory. */
  private static final int STEP = 256 << 10;

  private Writing() {}

  /** Writes what remains in the buffer at {@code offset} of the file, and consumes it. */
  static void writeAt(OpenFile file, long offset, ByteBuffer bytes) throws LinuxException {
    MemorySegment source = MemorySegment.ofBuffer(bytes);
    if (source.isNative()) {
      file.writeAt(offset, source);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment step = arena.allocate(Math.min(STEP, source.byteSize()));
        for (long done = 0; done < source.byteSize(); ) {
          long length = Math.min(step.byteSize(), source.byteSize() - done);
          MemorySegment.copy(source, done, step, 0, length);
          file.writeAt(offset + done, step.asSlice(0, length));
          done += length;
        }
      }
    }
    bytes.position(bytes.limit());
  }
}
