package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Txn;

/**
 * Read transactions that wait to be used again: renewing one costs a tenth of making one. Safe for
 * use by several threads; each uses the transaction it borrowed alone.
 */
final class ReadTransactions implements AutoCloseable {

  private static final int KEPT = 16;

  private final TableFile file;
  private final BlockingQueue<Borrowed> idle = new ArrayBlockingQueue<>(KEPT);

  ReadTransactions(TableFile file) {
    this.file = file;
  }

  /** A transaction that sees the table as it is now. */
  Borrowed borrow() {
    @Nullable Borrowed kept = idle.poll();
    if (kept == null) {
      return new Borrowed(file.env.txnRead());
    }
    kept.txn.renew();
    return kept;
  }

  @Override
  public void close() {
    for (Borrowed kept = idle.poll(); kept != null; kept = idle.poll()) {
      kept.txn.close();
    }
  }

  /** A transaction and a buffer for a key; closing gives it back. */
  final class Borrowed implements AutoCloseable {

    final Txn<ByteBuffer> txn;
    private final ByteBuffer key =
        ByteBuffer.allocateDirect(Math.max(ContentKey.BYTES, FrameKeys.KEY_BYTES));

    private Borrowed(Txn<ByteBuffer> txn) {
      this.txn = txn;
    }

    ByteBuffer key(ContentKey content) {
      return content.write(key);
    }

    /** The lowest key of a content. */
    ByteBuffer key(Digest digest) {
      return Bytes.put(key.clear(), digest).flip();
    }

    /** The key of an image. */
    ByteBuffer imageKey(String name) {
      return ImageRecord.key(key.clear(), name);
    }

    ByteBuffer key(long row) {
      return key.clear().putLong(row).flip();
    }

    ByteBuffer key(FrameAddress frame) {
      return FrameKeys.write(key, frame);
    }

    @Override
    public void close() {
      txn.reset();
      if (!idle.offer(this)) {
        txn.close();
      }
    }
  }
}
