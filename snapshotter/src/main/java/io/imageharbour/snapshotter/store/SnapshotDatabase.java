package io.imageharbour.snapshotter.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lmdbjava.Cursor;
import org.lmdbjava.CursorIterable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * How snapshots lie in LMDB, in one file with three databases:
 *
 * <pre>
 *   snapshots  name                         → SnapshotRecord (harbour/store.proto)
 *   children   parent id, child id (8+8 BE) → name of the child
 *   meta       "last-id"                    → the highest id that was ever stored (8 BE)
 * </pre>
 *
 * Safe for use by several threads, its transactions by the thread that began them.
 */
final class SnapshotDatabase implements AutoCloseable {

  static final String FILE = "snapshots.mdb";

  /** Address space, not memory: 1 GiB is some million snapshots. */
  private static final long MAP_SIZE = 1L << 30;

  /** LMDB's limit for keys, as compiled in. */
  private static final int MAX_KEY = 511;

  private static final ByteBuffer LAST_ID = direct("last-id".getBytes(UTF_8));

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> snapshots;
  private final Dbi<ByteBuffer> children;
  private final Dbi<ByteBuffer> meta;

  private SnapshotDatabase(Env<ByteBuffer> env) {
    this.env = env;
    this.snapshots = env.openDbi("snapshots", DbiFlags.MDB_CREATE);
    this.children = env.openDbi("children", DbiFlags.MDB_CREATE);
    this.meta = env.openDbi("meta", DbiFlags.MDB_CREATE);
  }

  /**
   * Opens {@value #FILE} in this directory, or makes an empty one.
   *
   * @throws SnapshotStoreException if the directory can't be used or the database is damaged
   */
  static SnapshotDatabase open(Path directory) throws SnapshotStoreException {
    try {
      Files.createDirectories(directory);
      return new SnapshotDatabase(
          Env.create()
              .setMapSize(MAP_SIZE)
              .setMaxDbs(3)
              .setMaxReaders(126)
              .open(directory.resolve(FILE).toFile(), EnvFlags.MDB_NOSUBDIR));
    } catch (LmdbException | IOException e) {
      throw new SnapshotStoreException(
          "cannot open the snapshot database in "
              + directory
              + ": "
              + e.getMessage()
              + "; check the directory and its file system",
          e);
    }
  }

  /** A transaction that can only read. */
  Transaction read() {
    return new Transaction(env.txnRead());
  }

  /** The one transaction that can write; waits for the one before. */
  Transaction write() {
    return new Transaction(env.txnWrite());
  }

  @Override
  public void close() {
    env.close();
  }

  /** Whether something went wrong or not, it is closed by who began it. Throws LMDB's errors. */
  final class Transaction implements AutoCloseable {

    private final Txn<ByteBuffer> txn;

    private Transaction(Txn<ByteBuffer> txn) {
      this.txn = txn;
    }

    /** The snapshot of this name, if there is one. */
    Optional<Snapshot> find(String name) throws SnapshotStoreException {
      if (name.isEmpty()) {
        return Optional.empty();
      }
      ByteBuffer value = snapshots.get(txn, key(name));
      return value == null ? Optional.empty() : Optional.of(SnapshotCodec.decode(value));
    }

    /** Every snapshot, ordered by name. */
    List<Snapshot> all() throws SnapshotStoreException {
      List<Snapshot> all = new ArrayList<>();
      try (CursorIterable<ByteBuffer> entries = snapshots.iterate(txn)) {
        for (CursorIterable.KeyVal<ByteBuffer> entry : entries) {
          all.add(SnapshotCodec.decode(entry.val()));
        }
      }
      return all;
    }

    /** Whether a snapshot stands on the one with this id. */
    boolean hasChild(long id) {
      try (Cursor<ByteBuffer> cursor = children.openCursor(txn)) {
        return cursor.get(childKey(id, 0), GetOp.MDB_SET_RANGE) && cursor.key().getLong(0) == id;
      }
    }

    /** The highest id that was ever stored, 0 if there was none. */
    long lastId() {
      ByteBuffer value = meta.get(txn, LAST_ID.duplicate());
      return value == null ? 0 : value.getLong(0);
    }

    /** Stores a snapshot, in place of one of the same name. */
    void put(Snapshot snapshot) {
      snapshots.put(txn, key(snapshot.name()), direct(SnapshotCodec.encode(snapshot)));
      if (snapshot.id() > lastId()) {
        meta.put(txn, LAST_ID.duplicate(), number(snapshot.id()));
      }
    }

    /** Says on what a snapshot stands. */
    void putChild(Snapshot below, Snapshot child) {
      children.put(txn, childKey(below.id(), child.id()), direct(child.name().getBytes(UTF_8)));
    }

    void delete(String name) {
      snapshots.delete(txn, key(name));
    }

    void deleteChild(Snapshot below, Snapshot child) {
      children.delete(txn, childKey(below.id(), child.id()));
    }

    /** Brings all of it to the disk. */
    void commit() {
      txn.commit();
    }

    /** Forgets what was not committed. */
    @Override
    public void close() {
      txn.close();
    }
  }

  /** The name itself; of a very long one the beginning and the digest. */
  private static ByteBuffer key(String name) {
    byte[] bytes = name.getBytes(UTF_8);
    if (bytes.length <= MAX_KEY) {
      return direct(bytes);
    }
    byte[] digest = Digest.sha256(bytes).toBytes();
    byte[] key = Arrays.copyOf(bytes, MAX_KEY);
    System.arraycopy(digest, 0, key, MAX_KEY - digest.length, digest.length);
    return direct(key);
  }

  private static ByteBuffer childKey(long parent, long child) {
    return ByteBuffer.allocateDirect(16).putLong(parent).putLong(child).flip();
  }

  private static ByteBuffer number(long value) {
    return ByteBuffer.allocateDirect(8).putLong(value).flip();
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }
}
