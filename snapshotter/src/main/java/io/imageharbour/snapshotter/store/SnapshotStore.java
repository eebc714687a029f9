package io.imageharbour.snapshotter.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.lmdbjava.Cursor;
import org.lmdbjava.CursorIterable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata of all snapshots, in LMDB. The rules are those of containerd's own snapshot store
 * ({@code snapshots/storage}): a parent is committed, a snapshot with children stays, a commit
 * takes a new name and new labels. Every change is one transaction that is on disk when the call
 * returns.
 *
 * <p>Three databases:
 *
 * <pre>
 *   snapshots  name                         → SnapshotRecord (harbour/store.proto)
 *   children   parent id, child id (8+8 BE) → name of the child
 *   meta       "last-id"                    → the highest id that was ever stored (8 BE)
 * </pre>
 *
 * Safe for use by several threads. LMDB ties a write transaction to its thread, so callers must be
 * platform threads.
 */
public final class SnapshotStore implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotStore.class);
  private static final String FILE = "snapshots.mdb";

  /** Address space, not memory: 1 GiB is some million snapshots. */
  private static final long MAP_SIZE = 1L << 30;

  /** LMDB's limit for keys, as compiled in. */
  private static final int MAX_KEY = 511;

  private static final ByteBuffer LAST_ID = direct("last-id".getBytes(UTF_8));

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> snapshots;
  private final Dbi<ByteBuffer> children;
  private final Dbi<ByteBuffer> meta;
  private final AtomicLong lastId;

  private SnapshotStore(Env<ByteBuffer> env) throws SnapshotStoreException {
    this.env = env;
    this.snapshots = env.openDbi("snapshots", DbiFlags.MDB_CREATE);
    this.children = env.openDbi("children", DbiFlags.MDB_CREATE);
    this.meta = env.openDbi("meta", DbiFlags.MDB_CREATE);
    this.lastId = new AtomicLong(read(this::storedLastId));
  }

  /**
   * Opens the store in {@code snapshots.mdb} in this directory, or makes an empty one.
   *
   * @throws SnapshotStoreException if the directory can't be used or the database is damaged
   */
  public static SnapshotStore open(Path directory) throws SnapshotStoreException {
    try {
      Files.createDirectories(directory);
      return new SnapshotStore(
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

  /**
   * Opens the store like {@link #open}; a database that can't be read is renamed, for whoever wants
   * to look at it, and an empty one made.
   */
  public static SnapshotStore openOrSetAside(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    try {
      return open(directory);
    } catch (SnapshotStoreException e) {
      Path damaged = file.resolveSibling(FILE + ".damaged");
      LOG.error(
          "event=database-set-aside file={} to={} cause=\"{}\"", file, damaged, e.getMessage());
      Files.move(file, damaged, StandardCopyOption.REPLACE_EXISTING);
      Files.deleteIfExists(file.resolveSibling(FILE + "-lock"));
      return open(directory);
    }
  }

  /** Whether nothing was ever stored. */
  public boolean isNew() throws SnapshotStoreException {
    return this.<Long, RuntimeException>read(this::storedLastId) == 0;
  }

  /**
   * Fills an empty store with snapshots that it held once. One whose parent is not among them, or
   * whose name is taken, is left out.
   *
   * @return those that are in the store now
   */
  public List<Snapshot> refill(List<Snapshot> snapshots) throws SnapshotStoreException {
    List<Snapshot> stored = new ArrayList<>();
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      // a parent was there before its child, and has the lower id
      for (Snapshot snapshot :
          snapshots.stream().sorted(Comparator.comparingLong(Snapshot::id)).toList()) {
        Optional<Snapshot> below =
            snapshot.parent().isPresent() ? lookUp(txn, snapshot.parent().get()) : Optional.empty();
        if (snapshot.name().isEmpty()
            || lookUp(txn, snapshot.name()).isPresent()
            || below.isPresent() != snapshot.parent().isPresent()) {
          continue;
        }
        if (below.isPresent()) {
          children.put(
              txn,
              childKey(below.get().id(), snapshot.id()),
              direct(snapshot.name().getBytes(UTF_8)));
        }
        put(txn, snapshot);
        meta.put(txn, LAST_ID.duplicate(), number(snapshot.id()));
        stored.add(snapshot);
        skipIds(snapshot.id());
      }
      txn.commit();
      return stored;
    } catch (LmdbException e) {
      throw failed("fill the database again", e);
    }
  }

  /** A number that no snapshot has had, for the directory of a new one. */
  public long reserveId() {
    return lastId.incrementAndGet();
  }

  /** Makes sure that {@link #reserveId} never returns a number up to this one. */
  public void skipIds(long used) {
    lastId.accumulateAndGet(used, Math::max);
  }

  /** The snapshot of this name. */
  public Snapshot get(String name) throws SnapshotNotFoundException, SnapshotStoreException {
    return this.<Snapshot, SnapshotNotFoundException>read(txn -> existing(txn, name));
  }

  /** The snapshot of this name, if there is one. */
  public Optional<Snapshot> find(String name) throws SnapshotStoreException {
    return read(txn -> lookUp(txn, name));
  }

  /** A snapshot and what it stands on: itself first, the base last. */
  public List<Snapshot> chain(String name)
      throws SnapshotNotFoundException, SnapshotStoreException {
    return this.<List<Snapshot>, SnapshotNotFoundException>read(
        txn -> {
          List<Snapshot> chain = new ArrayList<>();
          Optional<String> next = Optional.of(name);
          while (next.isPresent()) {
            Snapshot snapshot = existing(txn, next.get());
            chain.add(snapshot);
            next = snapshot.parent();
          }
          return chain;
        });
  }

  /** Every snapshot, ordered by name. */
  public List<Snapshot> list() throws SnapshotStoreException {
    return read(
        txn -> {
          List<Snapshot> all = new ArrayList<>();
          try (CursorIterable<ByteBuffer> entries = snapshots.iterate(txn)) {
            for (CursorIterable.KeyVal<ByteBuffer> entry : entries) {
              all.add(SnapshotCodec.decode(entry.val()));
            }
          }
          return all;
        });
  }

  /**
   * Records a new active snapshot or view.
   *
   * @param id from {@link #reserveId}
   * @throws SnapshotExistsException if the name is taken
   * @throws SnapshotNotFoundException if there is no such parent
   * @throws InvalidRequestException if the parent is not committed
   */
  public Snapshot create(
      long id, SnapshotKind kind, String name, Optional<String> parent, Map<String, String> labels)
      throws SnapshotExistsException,
          SnapshotNotFoundException,
          InvalidRequestException,
          SnapshotStoreException {
    Instant now = Instant.now();
    return add(
        new Snapshot(
            id,
            name,
            parent,
            kind,
            withoutEmpty(labels),
            now,
            now,
            Usage.NONE,
            /* index= */ false,
            /* attachedLayers= */ 0));
  }

  /**
   * Records a new index snapshot that was never active, because its tree came from beside its
   * image.
   *
   * @param id from {@link #reserveId}
   * @param layers how many layers of the image its tree is made of, at least 1
   * @throws SnapshotExistsException if the name is taken
   * @throws SnapshotNotFoundException if there is no such parent
   * @throws InvalidRequestException if the parent is not committed
   */
  public Snapshot createAttached(
      long id,
      String name,
      Optional<String> parent,
      Map<String, String> labels,
      Usage usage,
      int layers)
      throws SnapshotExistsException,
          SnapshotNotFoundException,
          InvalidRequestException,
          SnapshotStoreException {
    Instant now = Instant.now();
    return add(
        new Snapshot(
            id,
            name,
            parent,
            SnapshotKind.COMMITTED,
            withoutEmpty(labels),
            now,
            now,
            usage,
            /* index= */ true,
            layers));
  }

  private Snapshot add(Snapshot created)
      throws SnapshotExistsException,
          SnapshotNotFoundException,
          InvalidRequestException,
          SnapshotStoreException {
    String name = created.name();
    Optional<String> parent = created.parent();
    checkName(name);
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      if (lookUp(txn, name).isPresent()) {
        throw new SnapshotExistsException("snapshot \"" + name + "\" already exists");
      }
      if (parent.isPresent()) {
        Snapshot below =
            lookUp(txn, parent.get())
                .orElseThrow(
                    () ->
                        new SnapshotNotFoundException(
                            "parent snapshot \"" + parent.get() + "\" does not exist"));
        if (below.kind() != SnapshotKind.COMMITTED) {
          throw new InvalidRequestException(
              "parent snapshot \"" + parent.get() + "\" is not committed");
        }
        children.put(txn, childKey(below.id(), created.id()), direct(name.getBytes(UTF_8)));
      }
      put(txn, created);
      meta.put(txn, LAST_ID.duplicate(), number(Math.max(created.id(), storedLastId(txn))));
      txn.commit();
      return created;
    } catch (LmdbException e) {
      throw failed("record snapshot \"" + name + "\"", e);
    }
  }

  /**
   * Turns an active snapshot into a committed one with a new name and new labels.
   *
   * @throws SnapshotNotFoundException if there is no such active snapshot
   * @throws SnapshotExistsException if the new name is taken
   * @throws SnapshotStateException if the snapshot is not active
   */
  public Snapshot commit(
      String key, String name, Map<String, String> labels, Usage usage, boolean index)
      throws SnapshotNotFoundException,
          SnapshotExistsException,
          SnapshotStateException,
          InvalidRequestException,
          SnapshotStoreException {
    checkName(name);
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      Snapshot active = checkCommit(txn, key, name);
      Snapshot committed =
          active.committed(name, withoutEmpty(labels), Instant.now(), usage, index);
      snapshots.delete(txn, key(key));
      put(txn, committed);
      if (active.parent().isPresent()) {
        Snapshot below = existing(txn, active.parent().get());
        children.put(txn, childKey(below.id(), active.id()), direct(name.getBytes(UTF_8)));
      }
      txn.commit();
      return committed;
    } catch (LmdbException e) {
      throw failed("commit snapshot \"" + key + "\" as \"" + name + "\"", e);
    }
  }

  /** The active snapshot that {@link #commit} would commit now, with the same checks. */
  public Snapshot checkCommit(String key, String name)
      throws SnapshotNotFoundException,
          SnapshotExistsException,
          SnapshotStateException,
          InvalidRequestException,
          SnapshotStoreException {
    checkName(name);
    try (Txn<ByteBuffer> txn = env.txnRead()) {
      return checkCommit(txn, key, name);
    } catch (LmdbException e) {
      throw failed("read snapshot \"" + key + "\"", e);
    }
  }

  /** Replaces the labels of a snapshot by what the change makes of them. */
  public Snapshot updateLabels(String name, LabelChange change)
      throws SnapshotNotFoundException, SnapshotStoreException {
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      Snapshot old = existing(txn, name);
      Snapshot updated = old.withLabels(withoutEmpty(change.apply(old.labels())), Instant.now());
      put(txn, updated);
      txn.commit();
      return updated;
    } catch (LmdbException e) {
      throw failed("update snapshot \"" + name + "\"", e);
    }
  }

  /**
   * Forgets a snapshot.
   *
   * @throws SnapshotStateException if another snapshot stands on it
   */
  public Snapshot remove(String name)
      throws SnapshotNotFoundException, SnapshotStateException, SnapshotStoreException {
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      Snapshot removed = existing(txn, name);
      if (hasChild(txn, removed.id())) {
        throw new SnapshotStateException(
            "cannot remove snapshot \""
                + name
                + "\": other snapshots stand on it, remove them first");
      }
      if (removed.parent().isPresent()) {
        Snapshot below = existing(txn, removed.parent().get());
        children.delete(txn, childKey(below.id(), removed.id()));
      }
      snapshots.delete(txn, key(name));
      txn.commit();
      return removed;
    } catch (LmdbException e) {
      throw failed("remove snapshot \"" + name + "\"", e);
    }
  }

  @Override
  public void close() {
    env.close();
  }

  private Snapshot checkCommit(Txn<ByteBuffer> txn, String key, String name)
      throws SnapshotNotFoundException,
          SnapshotExistsException,
          SnapshotStateException,
          SnapshotStoreException {
    if (lookUp(txn, name).isPresent()) {
      throw new SnapshotExistsException("committed snapshot \"" + name + "\" already exists");
    }
    Snapshot active = existing(txn, key);
    if (active.kind() != SnapshotKind.ACTIVE) {
      throw new SnapshotStateException("snapshot \"" + key + "\" is not active");
    }
    return active;
  }

  private Snapshot existing(Txn<ByteBuffer> txn, String name)
      throws SnapshotNotFoundException, SnapshotStoreException {
    return lookUp(txn, name)
        .orElseThrow(
            () -> new SnapshotNotFoundException("snapshot \"" + name + "\" does not exist"));
  }

  private Optional<Snapshot> lookUp(Txn<ByteBuffer> txn, String name)
      throws SnapshotStoreException {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    ByteBuffer value = snapshots.get(txn, key(name));
    return value == null ? Optional.empty() : Optional.of(SnapshotCodec.decode(value));
  }

  private boolean hasChild(Txn<ByteBuffer> txn, long id) {
    try (Cursor<ByteBuffer> cursor = children.openCursor(txn)) {
      return cursor.get(childKey(id, 0), GetOp.MDB_SET_RANGE) && cursor.key().getLong(0) == id;
    }
  }

  private void put(Txn<ByteBuffer> txn, Snapshot snapshot) {
    snapshots.put(txn, key(snapshot.name()), direct(SnapshotCodec.encode(snapshot)));
  }

  private long storedLastId(Txn<ByteBuffer> txn) {
    ByteBuffer value = meta.get(txn, LAST_ID.duplicate());
    return value == null ? 0 : value.getLong(0);
  }

  private <T, E extends Exception> T read(Query<T, E> query) throws E, SnapshotStoreException {
    try (Txn<ByteBuffer> txn = env.txnRead()) {
      return query.run(txn);
    } catch (LmdbException e) {
      throw failed("read the snapshots", e);
    }
  }

  private static SnapshotStoreException failed(String what, LmdbException e) {
    return new SnapshotStoreException(
        "cannot " + what + ": " + e.getMessage() + "; check that the disk is not full", e);
  }

  private static void checkName(String name) throws InvalidRequestException {
    if (name.isEmpty()) {
      throw new InvalidRequestException("a snapshot needs a name that is not empty");
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

  private static Map<String, String> withoutEmpty(Map<String, String> labels) {
    return labels.entrySet().stream()
        .filter(label -> !label.getValue().isEmpty())
        .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /** What to do with the labels of a snapshot. */
  @FunctionalInterface
  public interface LabelChange {
    /** The new labels; empty values remove a label. */
    Map<String, String> apply(Map<String, String> old);
  }

  private interface Query<T, E extends Exception> {
    T run(Txn<ByteBuffer> txn) throws E, SnapshotStoreException;
  }
}
