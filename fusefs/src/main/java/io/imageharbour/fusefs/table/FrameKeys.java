package io.imageharbour.fusefs.table;

import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Keys and values of the frames database; see {@link TableFile}. */
final class FrameKeys {

  static final int KEY_BYTES = Long.BYTES + 3 * Integer.BYTES;
  static final int PART_BYTES = Digest.BYTES + 2 * Integer.BYTES;

  private FrameKeys() {}

  /** The key of a frame, in a buffer of at least {@link #KEY_BYTES}. */
  static ByteBuffer write(ByteBuffer target, FrameAddress frame) {
    return target
        .clear()
        .putInt(frame.pack())
        .putLong(frame.offset())
        .putInt(frame.compressedSize())
        .putInt(frame.size())
        .flip();
  }

  static FrameAddress read(ByteBuffer from) {
    return new FrameAddress(from.getInt(), from.getLong(), from.getInt(), from.getInt());
  }

  static void writePart(ByteBuffer target, FrameLocation.Part part) {
    Bytes.put(target, part.digest()).putInt(part.offset()).putInt(part.size());
  }

  static List<FrameLocation.Part> readParts(ByteBuffer from) {
    List<FrameLocation.Part> parts = new ArrayList<>(from.remaining() / PART_BYTES);
    while (from.remaining() >= PART_BYTES) {
      parts.add(new FrameLocation.Part(Bytes.digest(from), from.getInt(), from.getInt()));
    }
    return parts;
  }
}
