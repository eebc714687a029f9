package io.imageharbour.fusefs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A zstd frame that holds its content as it is, so that its length is known without it.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1">RFC 8878, frames</a>
 */
final class RawFrame {

  private static final int MAGIC = 0xFD2FB528;

  /** One segment, whose size follows in four bytes. */
  private static final byte DESCRIPTOR = (byte) 0xA0;

  private static final int HEADER = 9;
  private static final int BLOCK_HEADER = 3;
  private static final int MAX_BLOCK = 128 << 10;

  private RawFrame() {}

  /** How long the frame of so many bytes is. */
  static int length(int size) {
    return HEADER + size + BLOCK_HEADER * ((size + MAX_BLOCK - 1) / MAX_BLOCK);
  }

  static byte[] of(byte[] content) {
    ByteBuffer frame = ByteBuffer.allocate(length(content.length)).order(ByteOrder.LITTLE_ENDIAN);
    frame.putInt(MAGIC).put(DESCRIPTOR).putInt(content.length);
    for (int offset = 0; offset < content.length; offset += MAX_BLOCK) {
      int size = Math.min(MAX_BLOCK, content.length - offset);
      int header = size << 3 | (offset + size == content.length ? 1 : 0);
      frame.put((byte) header).put((byte) (header >> 8)).put((byte) (header >> 16));
      frame.put(content, offset, size);
    }
    return frame.array();
  }
}
