package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * How the value of a row is written:
 *
 * <pre>
 * | digest(32) | size(8) | cut(32) | layouts(4) | layout | layout | …
 *   layout: | chunks(4) | chunk | chunk | …
 *   chunk:  | digest(32) | size(4) | offset in frame(4) | pack(4) | frame offset(8)
 *           | frame compressed(4) | frame size(4) |
 * </pre>
 *
 * A row that nobody refers to has no layouts.
 */
final class Layouts {

  static final int HEAD_BYTES = ContentKey.BYTES;
  private static final int CHUNK_BYTES = Digest.BYTES + 7 * Integer.BYTES;

  private Layouts() {}

  /** How many bytes {@link #write} takes. */
  static int bytes(List<List<StoredChunk>> layouts) {
    long chunks = layouts.stream().mapToLong(List::size).sum();
    return Math.toIntExact(
        HEAD_BYTES + Integer.BYTES + (long) Integer.BYTES * layouts.size() + chunks * CHUNK_BYTES);
  }

  static void write(ByteBuffer target, ContentKey content, List<List<StoredChunk>> layouts) {
    content.put(target).putInt(layouts.size());
    for (List<StoredChunk> layout : layouts) {
      target.putInt(layout.size());
      for (StoredChunk chunk : layout) {
        FrameAddress frame = chunk.frame();
        Bytes.put(target, chunk.digest())
            .putInt(chunk.size())
            .putInt(chunk.offset())
            .putInt(frame.pack())
            .putLong(frame.offset())
            .putInt(frame.compressedSize())
            .putInt(frame.size());
      }
    }
  }

  /** Reads the layouts of a row, without those that lie in packs which are no longer known. */
  static List<List<StoredChunk>> read(ByteBuffer from, IntPredicate isKnownPack) {
    from.position(from.position() + HEAD_BYTES);
    int count = from.getInt();
    List<List<StoredChunk>> layouts = new ArrayList<>(1);
    for (int i = 0; i < count; i++) {
      int chunks = from.getInt();
      // bounded by what is there: a damaged table must not make us allocate
      List<StoredChunk> layout = new ArrayList<>(Math.min(chunks, from.remaining() / CHUNK_BYTES));
      for (int j = 0; j < chunks; j++) {
        layout.add(readChunk(from));
      }
      if (layout.stream().allMatch(chunk -> isKnownPack.test(chunk.frame().pack()))) {
        layouts.add(layout);
      }
    }
    return layouts;
  }

  private static StoredChunk readChunk(ByteBuffer from) {
    Digest digest = Bytes.digest(from);
    int size = from.getInt();
    int offset = from.getInt();
    return new StoredChunk(
        digest,
        size,
        offset,
        new FrameAddress(from.getInt(), from.getLong(), from.getInt(), from.getInt()));
  }
}
