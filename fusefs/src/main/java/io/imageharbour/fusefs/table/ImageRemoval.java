package io.imageharbour.fusefs.table;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.GetOp;
import org.lmdbjava.Txn;

/** Takes the references of one image out of the table within one write transaction. */
final class ImageRemoval {

  private final TableFile file;
  private final Txn<ByteBuffer> txn;
  private final ByteBuffer contentKey = ByteBuffer.allocateDirect(ContentKey.BYTES);
  private final ByteBuffer rowKey = ByteBuffer.allocateDirect(Long.BYTES);
  private final ByteBuffer rowValue = ByteBuffer.allocateDirect(RowReferences.BYTES);

  ImageRemoval(TableFile file, Txn<ByteBuffer> txn) {
    this.file = file;
    this.txn = txn;
  }

  /** Takes away one reference of each row, and these packs with all that lies in them. */
  void run(long[] rows, List<Integer> packs) {
    for (long row : rows) {
      release(row, packs);
    }
    packs.forEach(this::removePack);
  }

  private void release(long row, List<Integer> packs) {
    @Nullable ByteBuffer stored = file.contents.get(txn, rowKey.clear().putLong(row).flip());
    if (stored == null) {
      return;
    }
    ContentKey key = ContentKey.read(stored.duplicate());
    List<List<StoredChunk>> layouts = Layouts.read(stored, pack -> !packs.contains(pack));
    key.write(contentKey);
    @Nullable ByteBuffer references = file.rows.get(txn, contentKey);
    if (references == null) {
      return;
    }
    int left = RowReferences.read(references).references() - 1;
    new RowReferences(row, left).write(rowValue.clear());
    file.rows.put(txn, contentKey, rowValue.flip());
    if (left == 0) {
      putContent(key, List.of());
      file.forgotten.put(txn, rowKey, contentKey);
    } else if (!packs.isEmpty()) {
      putContent(key, layouts);
    }
  }

  private void putContent(ContentKey content, List<List<StoredChunk>> layouts) {
    ByteBuffer value = ByteBuffer.allocateDirect(Layouts.bytes(layouts));
    Layouts.write(value, content, layouts);
    file.contents.put(txn, rowKey, value.flip());
  }

  private void removePack(int pack) {
    ByteBuffer key = ByteBuffer.allocateDirect(Integer.BYTES).putInt(pack).flip();
    file.packs.delete(txn, key);
    try (Cursor<ByteBuffer> frames = file.frames.openCursor(txn)) {
      while (frames.get(key, GetOp.MDB_SET_RANGE) && frames.key().getInt(0) == pack) {
        frames.delete();
      }
    }
  }
}
