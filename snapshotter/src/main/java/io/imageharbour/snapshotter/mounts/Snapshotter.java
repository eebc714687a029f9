package io.imageharbour.snapshotter.mounts;

import io.imageharbour.snapshotter.filter.SnapshotFilter;
import io.imageharbour.snapshotter.source.ImageOrigins;
import io.imageharbour.snapshotter.store.InvalidRequestException;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotExistsException;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.SnapshotStateException;
import io.imageharbour.snapshotter.store.SnapshotStore;
import io.imageharbour.snapshotter.store.Usage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operations of a containerd snapshotter. Ordinary layers behave as with containerd's overlayfs
 * snapshotter; a layer that holds the index of an image becomes an index snapshot at commit.
 *
 * <p>Safe for use by several threads; they must be platform threads (see {@link SnapshotStore}).
 * Every exception that is an {@link io.imageharbour.indexer.HarbourException} is meant for the
 * client.
 */
public final class Snapshotter {

  private static final Logger LOG = LoggerFactory.getLogger(Snapshotter.class);
  private static final String LABELS = "labels";
  private static final String LABEL_PREFIX = "labels.";

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final OverlayMounts mounts;
  private final IndexSnapshots indexes;
  private final AttachedSnapshots attached;
  private final Consumer<String> starts;
  private final KeyLocks locks = new KeyLocks();

  /**
   * Works on these.
   *
   * @param starts is told of every container that gets a snapshot on an index snapshot: the name of
   *     that; must be quick
   */
  public Snapshotter(
      SnapshotStore store,
      SnapshotDirectories directories,
      OverlayMounts mounts,
      IndexSnapshots indexes,
      AttachedSnapshots attached,
      Consumer<String> starts) {
    this.store = store;
    this.directories = directories;
    this.mounts = mounts;
    this.indexes = indexes;
    this.attached = attached;
    this.starts = starts;
  }

  /**
   * Makes a writable snapshot on a committed one, or on nothing; tells how to mount it.
   *
   * @throws SnapshotExistsException also if it were for unpacking a layer that has a snapshot
   *     already
   */
  public List<Mount> prepare(String key, Optional<String> parent, Map<String, String> labels)
      throws IOException {
    if (attached.provide(parent, labels)) {
      throw new SnapshotExistsException(
          "the layer of snapshot \""
              + key
              + "\" is there already: its image has an index beside it");
    }
    return create(SnapshotKind.ACTIVE, key, parent, labels);
  }

  /** Makes a read-only snapshot of a committed one; tells how to mount it. */
  public List<Mount> view(String key, Optional<String> parent, Map<String, String> labels)
      throws IOException {
    return create(SnapshotKind.VIEW, key, parent, labels);
  }

  /** Tells again how to mount an active snapshot or a view. */
  public List<Mount> mounts(String key) throws IOException {
    List<Snapshot> chain = store.chain(key);
    Snapshot snapshot = chain.getFirst();
    if (snapshot.kind() == SnapshotKind.COMMITTED) {
      throw new SnapshotStateException(
          "snapshot \"" + key + "\" is committed; only active ones and views can be mounted");
    }
    List<Snapshot> ancestors = OverlayMounts.seen(chain.subList(1, chain.size()));
    completeTree(ancestors);
    return mounts.of(snapshot.id(), snapshot.kind(), ancestors);
  }

  /** Turns an active snapshot into a committed one with a new name and new labels. */
  public void commit(String name, String key, Map<String, String> labels) throws IOException {
    try (KeyLocks.Held held = locks.lock(key)) {
      Snapshot active = store.checkCommit(key, name);
      Path layer = directories.layer(active.id());
      Usage usage = DiskUsage.of(layer);
      if (active.parent().isPresent() || !IndexSnapshots.holdsIndex(layer)) {
        directories.copyMetadata(store.commit(key, name, labels, usage, /* index= */ false));
        return;
      }
      commitIndex(active, name, labels, usage);
    }
  }

  private void commitIndex(
      Snapshot active, String name, Map<String, String> labels, Usage layerUsage)
      throws IOException {
    long start = System.nanoTime();
    Usage imageUsage =
        indexes.build(active.id(), written -> ImageOrigins.of(name, labels, written));
    try {
      directories.copyMetadata(
          store.commit(
              active.name(), name, labels, layerUsage.plus(imageUsage), /* index= */ true));
    } catch (IOException | RuntimeException | Error e) {
      try {
        indexes.discard(active.id());
      } catch (IOException | RuntimeException | Error discarding) {
        e.addSuppressed(discarding);
      }
      throw e;
    }
    LOG.info(
        "event=index-committed snapshot={} id={} millis={}",
        name,
        active.id(),
        (System.nanoTime() - start) / 1_000_000);
  }

  /** Forgets a snapshot that nothing stands on, and deletes its files. */
  public void remove(String key) throws IOException {
    Snapshot removed;
    try (KeyLocks.Held held = locks.lock(key)) {
      removed = store.remove(key);
    }
    indexes.deleteLeftover(removed.id());
  }

  /** The metadata of a snapshot. */
  public Snapshot stat(String key) throws IOException {
    return store.get(key);
  }

  /**
   * Changes labels.
   *
   * @param labels the new labels
   * @param fields {@code labels} or {@code labels.NAME}; all labels are replaced if there are none
   * @throws InvalidRequestException for a field that can't change
   */
  public Snapshot update(String name, Map<String, String> labels, List<String> fields)
      throws IOException {
    for (String field : fields) {
      if (!field.equals(LABELS) && !field.startsWith(LABEL_PREFIX)) {
        throw new InvalidRequestException(
            "cannot update field \""
                + field
                + "\" of snapshot \""
                + name
                + "\": only labels change");
      }
    }
    Snapshot updated = store.updateLabels(name, old -> changed(old, labels, fields));
    directories.copyMetadata(updated);
    return updated;
  }

  private static Map<String, String> changed(
      Map<String, String> old, Map<String, String> labels, List<String> fields) {
    if (fields.isEmpty() || fields.contains(LABELS)) {
      return labels;
    }
    Map<String, String> changed = new HashMap<>(old);
    for (String field : fields) {
      String label = field.substring(LABEL_PREFIX.length());
      changed.put(label, labels.getOrDefault(label, ""));
    }
    return changed;
  }

  /** The snapshots that match any of the filters; all, if there are none. */
  public List<Snapshot> list(List<String> filters) throws IOException {
    Predicate<Snapshot> filter = SnapshotFilter.anyOf(filters);
    return store.list().stream().filter(filter).toList();
  }

  /** What a snapshot occupies without its parents; an active one is measured now. */
  public Usage usage(String key) throws IOException {
    Snapshot snapshot = store.get(key);
    return snapshot.kind() == SnapshotKind.ACTIVE
        ? DiskUsage.of(directories.layer(snapshot.id()))
        : snapshot.usage();
  }

  /** Deletes directories that belong to no snapshot. */
  public void cleanUp() throws IOException {
    for (Path orphan : directories.orphans(this::storedIds)) {
      deleteOrphan(orphan);
    }
  }

  private void deleteOrphan(Path orphan) {
    long id = SnapshotDirectories.id(orphan);
    if (id >= 0) {
      indexes.deleteLeftover(id);
      return;
    }
    try {
      SnapshotDirectories.delete(orphan);
    } catch (IOException e) {
      LOG.warn("event=delete-failed directory={} cause=\"{}\"", orphan, e.toString());
    }
  }

  private LongPredicate storedIds() throws IOException {
    Set<Long> ids = store.list().stream().map(Snapshot::id).collect(Collectors.toSet());
    return ids::contains;
  }

  private List<Mount> create(
      SnapshotKind kind, String key, Optional<String> parent, Map<String, String> labels)
      throws IOException {
    try (KeyLocks.Held held = locks.lock(key)) {
      long id = store.reserveId();
      boolean stored = false;
      try {
        List<Snapshot> ancestors =
            parent.isPresent() ? OverlayMounts.seen(store.chain(parent.get())) : List.of();
        Optional<Snapshot> tree = completeTree(ancestors);
        List<Mount> answer = mounts.of(id, kind, ancestors);
        directories.make(
            id,
            kind == SnapshotKind.ACTIVE,
            ancestors.isEmpty() ? directories.noParent() : mounts.rootOf(ancestors.getFirst()));
        directories.copyMetadata(store.create(id, kind, key, parent, labels));
        stored = true;
        if (tree.isPresent() && isStart(kind, labels)) {
          starts.accept(tree.get().name());
        }
        return answer;
      } finally {
        directories.made(id);
        if (!stored) {
          indexes.deleteLeftover(id);
        }
      }
    }
  }

  /** Has the index that is shown ready to be mounted; answers whose it is. */
  private Optional<Snapshot> completeTree(List<Snapshot> seen) throws IOException {
    Optional<Snapshot> tree =
        seen.isEmpty() ? Optional.empty() : Optional.of(seen.getLast()).filter(Snapshot::index);
    if (tree.isPresent()) {
      attached.complete(tree.get());
    }
    return tree;
  }

  /** A snapshot to unpack a layer into is no container's. */
  private static boolean isStart(SnapshotKind kind, Map<String, String> labels) {
    return kind == SnapshotKind.ACTIVE && !labels.containsKey(AttachedSnapshots.UNPACK_LABEL);
  }
}
