package io.imageharbour.fusefs.table;

import io.imageharbour.fusefs.ContentTableException;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.table.KnownPacks.KnownPack;
import io.imageharbour.fusefs.table.ReadTransactions.Borrowed;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.CursorIterable;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * All contents of all images that the node knows. Safe for use by several threads: readers never
 * wait for a writer, writers wait for each other.
 */
public final class ContentTable implements AutoCloseable {

  private final TableFile file;
  private final ReadTransactions transactions;

  /** Held shared while LMDB is used, exclusively to close it: LMDB crashes if used after that. */
  private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();

  private final Object writing = new Object();
  private volatile KnownPacks known;
  private boolean closed;

  private ContentTable(TableFile file) {
    this.file = file;
    transactions = new ReadTransactions(file);
    try (Txn<ByteBuffer> txn = file.env.txnRead()) {
      known = KnownPacks.read(file, txn);
    }
  }

  /**
   * Opens the table in a directory, or makes it; one that is damaged or of another version is
   * replaced by an empty one.
   *
   * @throws IOException if the directory can't be written
   */
  public static ContentTable open(Path directory) throws IOException {
    try {
      return new ContentTable(TableFile.open(directory));
    } catch (BufferUnderflowException | LmdbException e) {
      TableFile.delete(directory);
      return new ContentTable(TableFile.open(directory));
    }
  }

  /** Throws a table away; nobody may have it open. */
  public static void delete(Path directory) throws IOException {
    TableFile.delete(directory);
  }

  /** The images in the table. */
  public Set<String> images() {
    return known.imageNames();
  }

  /** Adds an image, or replaces what was known of it. */
  public void add(String image, ImageIndex index, List<String> origins) throws IOException {
    write(
        "add image " + image,
        txn -> {
          @Nullable ImageRecord before = readImage(txn, image);
          ImageRecord after =
              new ImageAddition(file, txn, known, image, index)
                  .run(Optional.ofNullable(before), origins);
          file.images.put(txn, ImageRecord.key(image), after.write());
          if (before != null) {
            List<Integer> left =
                before.packs().stream().filter(pack -> !after.packs().contains(pack)).toList();
            new ImageRemoval(file, txn).run(before.rows(), known.unsharedPacks(left, image));
          }
        });
  }

  /** Removes an image and whatever only it needed. An unknown image is fine. */
  public void remove(String image) throws IOException {
    write(
        "remove image " + image,
        txn -> {
          @Nullable ImageRecord record = readImage(txn, image);
          if (record != null) {
            new ImageRemoval(file, txn)
                .run(record.rows(), known.unsharedPacks(record.packs(), image));
            file.images.delete(txn, ImageRecord.key(image));
          }
        });
  }

  /**
   * Removes the rows that no image needs any more. Only for a moment at which the kernel knows no
   * row, such as right after a mount: until then a row keeps its number, and is the same if its
   * image comes back.
   */
  public void purgeForgotten() throws IOException {
    write(
        "purge",
        txn -> {
          Map<ByteBuffer, ByteBuffer> rows = new HashMap<>();
          try (CursorIterable<ByteBuffer> forgotten = file.forgotten.iterate(txn)) {
            for (CursorIterable.KeyVal<ByteBuffer> entry : forgotten) {
              rows.put(copy(entry.key()), copy(entry.val()));
            }
          }
          rows.forEach(
              (row, content) -> {
                file.contents.delete(txn, row);
                file.rows.delete(txn, content);
              });
          file.forgotten.drop(txn);
        });
  }

  /** The number of an image, if it is known: stable as long as it is, and never used again. */
  public OptionalLong imageNumber(String image) {
    return known.imageNumber(image);
  }

  /**
   * The row of a content of an image. Where images say different things of the content, it is the
   * one that says what this image does; where all say the same, it is theirs, whether this image is
   * one of them or not: nobody asks for what his index does not have.
   *
   * @param image its number
   */
  public Optional<RowAttributes> find(long image, Digest digest) throws IOException {
    @Nullable String name = known.imageName(image);
    if (name == null) {
      return Optional.empty();
    }
    return read(
        borrowed -> {
          List<RowAttributes> found = needed(borrowed, digest);
          if (found.size() < 2) {
            return found.stream().findFirst();
          }
          @Nullable ByteBuffer record = file.images.get(borrowed.txn, borrowed.imageKey(name));
          if (record == null) {
            return Optional.empty();
          }
          OptionalLong row =
              ImageRecord.firstRow(
                  record, mine -> found.stream().anyMatch(other -> other.row() == mine));
          return found.stream().filter(other -> row.equals(OptionalLong.of(other.row()))).findAny();
        });
  }

  /** Whether some image needs a file of this size that is one chunk. */
  public boolean needs(Digest digest, long size) throws IOException {
    return read(
        borrowed -> {
          ContentKey key = ContentKey.ofOneChunk(digest, size);
          @Nullable ByteBuffer value = file.rows.get(borrowed.txn, borrowed.key(key));
          return value != null && RowReferences.read(value).references() > 0;
        });
  }

  /** The rows of a content that images need. */
  private List<RowAttributes> needed(Borrowed borrowed, Digest digest) {
    List<RowAttributes> found = new ArrayList<>(1);
    try (Cursor<ByteBuffer> cursor = file.rows.openCursor(borrowed.txn)) {
      boolean more = cursor.get(borrowed.key(digest), GetOp.MDB_SET_RANGE);
      while (more) {
        ContentKey key = ContentKey.read(cursor.key());
        RowReferences row = RowReferences.read(cursor.val());
        more = key.digest().equals(digest);
        if (more && row.references() > 0) {
          found.add(new RowAttributes(row.row(), digest, key.size()));
        }
        more = more && cursor.next();
      }
    }
    return found;
  }

  /** Digest and size of a row, even if no image needs it any more. */
  public Optional<RowAttributes> attributes(long row) throws IOException {
    return read(
        borrowed -> {
          @Nullable ByteBuffer value = file.contents.get(borrowed.txn, borrowed.key(row));
          return value == null
              ? Optional.empty()
              : Optional.of(new RowAttributes(row, Bytes.digest(value), value.getLong()));
        });
  }

  /**
   * Where the content of a row lies, as the images say that need it: at least one list of chunks in
   * order (none for the empty content), always cut in the same way. Empty if no image needs it.
   */
  public Optional<List<List<StoredChunk>>> layouts(long row) throws IOException {
    KnownPacks packs = known;
    return read(
        borrowed -> {
          @Nullable ByteBuffer value = file.contents.get(borrowed.txn, borrowed.key(row));
          return value == null
              ? Optional.<List<List<StoredChunk>>>empty()
              : Optional.of(Layouts.read(value, packs::contains))
                  .filter(layouts -> !layouts.isEmpty());
        });
  }

  /** Where a frame lies and what is in it; empty if no image refers to its pack any more. */
  public Optional<FrameLocation> locate(FrameAddress frame) throws IOException {
    @Nullable KnownPack pack = known.get(frame.pack());
    if (pack == null) {
      return Optional.empty();
    }
    return read(
        borrowed -> {
          @Nullable ByteBuffer parts = file.frames.get(borrowed.txn, borrowed.key(frame));
          return parts == null
              ? Optional.empty()
              : Optional.of(
                  new FrameLocation(
                      pack.digest(),
                      pack.size(),
                      frame.offset(),
                      frame.compressedSize(),
                      frame.size(),
                      pack.origins(),
                      FrameKeys.readParts(parts)));
        });
  }

  /** The frame that begins at or after the end of this one, in the same pack. */
  public Optional<FrameAddress> next(FrameAddress frame) throws IOException {
    FrameAddress lowest = new FrameAddress(frame.pack(), frame.end(), 0, 0);
    return read(
        borrowed -> {
          try (Cursor<ByteBuffer> cursor = file.frames.openCursor(borrowed.txn)) {
            if (!cursor.get(borrowed.key(lowest), GetOp.MDB_SET_RANGE)) {
              return Optional.empty();
            }
            return Optional.of(FrameKeys.read(cursor.key()))
                .filter(next -> next.pack() == frame.pack());
          }
        });
  }

  /** Makes the table durable and closes it, after those who use it have ended. */
  @Override
  public void close() throws ContentTableException {
    open.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        transactions.close();
        file.close();
      }
    } catch (LmdbException e) {
      throw new ContentTableException("can't close the content table", e);
    } finally {
      open.writeLock().unlock();
    }
  }

  private @Nullable ImageRecord readImage(Txn<ByteBuffer> txn, String image) {
    @Nullable ByteBuffer record = file.images.get(txn, ImageRecord.key(image));
    return record == null ? null : ImageRecord.read(record);
  }

  private <T> T read(Function<Borrowed, T> reader) throws ContentTableException {
    open.readLock().lock();
    try {
      requireOpen();
      try (Borrowed borrowed = transactions.borrow()) {
        return reader.apply(borrowed);
      }
    } catch (LmdbException | BufferUnderflowException e) {
      throw new ContentTableException("can't read the content table", e);
    } finally {
      open.readLock().unlock();
    }
  }

  private void write(String what, Change change) throws IOException {
    open.readLock().lock();
    try {
      requireOpen();
      synchronized (writing) {
        try (Txn<ByteBuffer> txn = file.env.txnWrite()) {
          change.apply(txn);
          KnownPacks after = KnownPacks.read(file, txn);
          txn.commit();
          known = after;
        }
      }
    } catch (LmdbException | BufferUnderflowException e) {
      throw new ContentTableException(
          "can't " + what + " in the content table (is the disk full?)", e);
    } finally {
      open.readLock().unlock();
    }
  }

  private void requireOpen() throws ContentTableException {
    if (closed) {
      throw new ContentTableException("the content table is closed");
    }
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    return ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
  }

  @FunctionalInterface
  private interface Change {
    void apply(Txn<ByteBuffer> txn) throws IOException;
  }
}
