package io.imageharbour.it;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.format.TreeNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A pack of two frames, and the index of an image of two files: {@code /good}, and {@code /bomb},
 * whose frame declares 64 KiB and inflates to 1 GiB.
 */
final class HandMadePack {

  static final byte[] GOOD = "as good as any other".getBytes(StandardCharsets.UTF_8);

  private static final int DECLARED = 1 << 16;
  private static final int BLOCKS = 1 << 14;

  /** RFC 8878, 3.1.1.2.2: a block as it is, and a block of one byte repeated. */
  private static final int RAW = 0;

  private static final int REPEATED = 1;

  private HandMadePack() {}

  static byte[] pack() {
    byte[] bomb = bomb();
    byte[] good = good();
    return ByteBuffer.allocate(bomb.length + good.length).put(bomb).put(good).array();
  }

  static byte[] index() throws IOException {
    Digest pack = Digest.sha256(pack());
    Digest zeros = Digest.sha256(new byte[DECLARED]);
    Digest good = Digest.sha256(GOOD);
    int at = bomb().length;
    PlacedFrame first = new PlacedFrame(pack, 0, at, DECLARED);
    PlacedFrame second = new PlacedFrame(pack, at, good().length, GOOD.length);
    Metadata metadata = new Metadata(0755, 0, 0, 0, 0, List.of());
    TreeNode.Directory root = new TreeNode.Directory(metadata);
    root.entries().put(FileName.of("bomb"), new TreeNode.RegularFile(metadata, zeros));
    root.entries().put(FileName.of("good"), new TreeNode.RegularFile(metadata, good));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    IndexFormat.write(
        new IndexBuilder()
            .addPack(pack, pack().length)
            .addContent(zeros, DECLARED, List.of(new PlacedChunk(zeros, DECLARED, first, 0)))
            .addContent(good, GOOD.length, List.of(new PlacedChunk(good, GOOD.length, second, 0)))
            .build(root),
        bytes);
    return bytes.toByteArray();
  }

  private static byte[] good() {
    return block(frame(GOOD.length, 3 + GOOD.length), RAW, GOOD.length, true).put(GOOD).array();
  }

  private static byte[] bomb() {
    ByteBuffer frame = frame(DECLARED, 4 * BLOCKS);
    for (int i = 1; i <= BLOCKS; i++) {
      block(frame, REPEATED, DECLARED, i == BLOCKS).put((byte) 0);
    }
    return frame.array();
  }

  /** A frame header with the content's size in four bytes, and room for blocks. */
  private static ByteBuffer frame(int contentSize, int blockBytes) {
    return ByteBuffer.allocate(9 + blockBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0xfd2fb528)
        .put((byte) 0xa0)
        .putInt(contentSize);
  }

  private static ByteBuffer block(ByteBuffer frame, int type, int size, boolean last) {
    int header = (last ? 1 : 0) | type << 1 | size << 3;
    return frame.putShort((short) header).put((byte) (header >> 16));
  }
}
