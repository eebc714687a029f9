package io.imageharbour.snapshotter.store;

import io.imageharbour.snapshotter.store.SnapshotDatabase.Transaction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.lmdbjava.LmdbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata of all snapshots, in LMDB. The rules are those of containerd's own snapshot store
 * ({@code snapshots/storage}): a parent is committed, a snapshot with children stays, a commit
 * takes a new name and new labels. Every change is one transaction that is on disk when the call
 * returns.
 *
 * <p>Safe for use by several threads. LMDB ties a write transaction to its thread, so callers must
 * be platform threads.
 */
public final class SnapshotStore implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotStore.class);

  private final SnapshotDatabase database;
  private final AtomicLong lastId;

  private SnapshotStore(SnapshotDatabase database) throws SnapshotStoreException {
    this.database = database;
    this.lastId = new AtomicLong(storedLastId());
  }

  /**
   * Opens the store in this directory, or makes an empty one.
   *
   * @throws SnapshotStoreException if the directory can't be used or the database is damaged
   */
  public static SnapshotStore open(Path directory) throws SnapshotStoreException {
    SnapshotDatabase database = SnapshotDatabase.open(directory);
    try {
      return new SnapshotStore(database);
    } catch (SnapshotStoreException e) {
      database.close();
      throw e;
    }
  }

  /**
   * Opens the store like {@link #open}; a database that can't be read is renamed, for whoever wants
   * to look at it, and an empty one made.
   */
  public static SnapshotStore openOrSetAside(Path directory) throws IOException {
    Path file = directory.resolve(SnapshotDatabase.FILE);
    try {
      return open(directory);
    } catch (SnapshotStoreException e) {
      Path damaged = file.resolveSibling(SnapshotDatabase.FILE + ".damaged");
      LOG.error(
          "event=database-set-aside file={} to={} cause=\"{}\"", file, damaged, e.getMessage());
      Files.move(file, damaged, StandardCopyOption.REPLACE_EXISTING);
      Files.deleteIfExists(file.resolveSibling(SnapshotDatabase.FILE + "-lock"));
      return open(directory);
    }
  }

  /** Whether nothing was ever stored. */
  public boolean isNew() throws SnapshotStoreException {
    return storedLastId() == 0;
  }

  /**
   * Fills an empty store with snapshots that it held once. One whose parent is not among them, or
   * whose name is taken, is left out.
   *
   * @return those that are in the store now
   */
  public List<Snapshot> refill(List<Snapshot> snapshots) throws SnapshotStoreException {
    List<Snapshot> stored = new ArrayList<>();
    try (Transaction txn = database.write()) {
      // a parent was there before its child, and has the lower id
      for (Snapshot snapshot :
          snapshots.stream().sorted(Comparator.comparingLong(Snapshot::id)).toList()) {
        Optional<Snapshot> below =
            snapshot.parent().isPresent() ? txn.find(snapshot.parent().get()) : Optional.empty();
        if (snapshot.name().isEmpty()
            || txn.find(snapshot.name()).isPresent()
            || below.isPresent() != snapshot.parent().isPresent()) {
          continue;
        }
        if (below.isPresent()) {
          txn.putChild(below.get(), snapshot);
        }
        txn.put(snapshot);
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
    return read(txn -> txn.find(name));
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
    return read(Transaction::all);
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
    try (Transaction txn = database.write()) {
      if (txn.find(name).isPresent()) {
        throw new SnapshotExistsException("snapshot \"" + name + "\" already exists");
      }
      if (parent.isPresent()) {
        Snapshot below =
            txn.find(parent.get())
                .orElseThrow(
                    () ->
                        new SnapshotNotFoundException(
                            "parent snapshot \"" + parent.get() + "\" does not exist"));
        if (below.kind() != SnapshotKind.COMMITTED) {
          throw new InvalidRequestException(
              "parent snapshot \"" + parent.get() + "\" is not committed");
        }
        txn.putChild(below, created);
      }
      txn.put(created);
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
    try (Transaction txn = database.write()) {
      Snapshot active = checkCommit(txn, key, name);
      Snapshot committed =
          active.committed(name, withoutEmpty(labels), Instant.now(), usage, index);
      txn.delete(key);
      txn.put(committed);
      if (active.parent().isPresent()) {
        txn.putChild(existing(txn, active.parent().get()), committed);
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
    try (Transaction txn = database.read()) {
      return checkCommit(txn, key, name);
    } catch (LmdbException e) {
      throw failed("read snapshot \"" + key + "\"", e);
    }
  }

  /** Replaces the labels of a snapshot by what the change makes of them. */
  public Snapshot updateLabels(String name, LabelChange change)
      throws SnapshotNotFoundException, SnapshotStoreException {
    try (Transaction txn = database.write()) {
      Snapshot old = existing(txn, name);
      Snapshot updated = old.withLabels(withoutEmpty(change.apply(old.labels())), Instant.now());
      txn.put(updated);
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
    try (Transaction txn = database.write()) {
      Snapshot removed = existing(txn, name);
      if (txn.hasChild(removed.id())) {
        throw new SnapshotStateException(
            "cannot remove snapshot \""
                + name
                + "\": other snapshots stand on it, remove them first");
      }
      if (removed.parent().isPresent()) {
        txn.deleteChild(existing(txn, removed.parent().get()), removed);
      }
      txn.delete(name);
      txn.commit();
      return removed;
    } catch (LmdbException e) {
      throw failed("remove snapshot \"" + name + "\"", e);
    }
  }

  @Override
  public void close() {
    database.close();
  }

  private Snapshot checkCommit(Transaction txn, String key, String name)
      throws SnapshotNotFoundException,
          SnapshotExistsException,
          SnapshotStateException,
          SnapshotStoreException {
    if (txn.find(name).isPresent()) {
      throw new SnapshotExistsException("committed snapshot \"" + name + "\" already exists");
    }
    Snapshot active = existing(txn, key);
    if (active.kind() != SnapshotKind.ACTIVE) {
      throw new SnapshotStateException("snapshot \"" + key + "\" is not active");
    }
    return active;
  }

  private Snapshot existing(Transaction txn, String name)
      throws SnapshotNotFoundException, SnapshotStoreException {
    return txn.find(name)
        .orElseThrow(
            () -> new SnapshotNotFoundException("snapshot \"" + name + "\" does not exist"));
  }

  private long storedLastId() throws SnapshotStoreException {
    return this.<Long, RuntimeException>read(Transaction::lastId);
  }

  private <T, E extends Exception> T read(Query<T, E> query) throws E, SnapshotStoreException {
    try (Transaction txn = database.read()) {
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
    T run(Transaction txn) throws E, SnapshotStoreException;
  }
}
