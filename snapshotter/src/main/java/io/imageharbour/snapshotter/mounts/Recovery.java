package io.imageharbour.snapshotter.mounts;

import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.StaleMounts;
import io.imageharbour.snapshotter.source.ImageOrigins;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotFile;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.SnapshotStore;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the disk, the mounts and the content store in line with the metadata at a start, whatever
 * the last process was doing when it ended: committed index snapshots are mounted and known, and
 * nothing is left of what was being made. Needs neither network nor registry. One snapshot that
 * can't be helped is logged and leaves the others alone.
 */
public final class Recovery {

  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final IndexSnapshots indexes;
  private final AttachedSnapshots attached;

  public Recovery(
      SnapshotStore store,
      SnapshotDirectories directories,
      IndexSnapshots indexes,
      AttachedSnapshots attached) {
    this.store = store;
    this.directories = directories;
    this.indexes = indexes;
    this.attached = attached;
  }

  /** Removes what probes of the kernel left in the root directory when they were killed. */
  public static void removeProbes(Path root) throws IOException {
    try (DirectoryStream<Path> probes = Files.newDirectoryStream(root, "probe-*")) {
      for (Path probe : probes) {
        for (MountTable.Mount mount : MountTable.read().reversed()) {
          if (mount.target().startsWith(probe)) {
            StaleMounts.remove(mount.target());
          }
        }
        SnapshotDirectories.delete(probe);
      }
    }
  }

  /**
   * Does it. To be called before the first request.
   *
   * @throws IOException if the metadata or the directories can't be read at all
   */
  public void run() throws IOException {
    List<Long> ids = directories.ids();
    ids.forEach(store::skipIds);
    if (store.isNew() && !ids.isEmpty()) {
      refill(ids);
    }
    List<Snapshot> snapshots = store.list();
    Set<Long> stored = snapshots.stream().map(Snapshot::id).collect(Collectors.toSet());
    for (Path orphan : directories.orphans(() -> stored::contains)) {
      removeOrphan(orphan);
    }
    Set<String> known = indexes.knownImages();
    int mounted = 0;
    for (Snapshot snapshot : snapshots) {
      if (attached.isIncomplete(snapshot)) {
        LOG.debug("event=tree-not-needed-yet snapshot=\"{}\"", snapshot.name());
        deleteUnfinished(snapshot);
      } else if (snapshot.kind() == SnapshotKind.COMMITTED && snapshot.index()) {
        mounted += restore(snapshot, known) ? 1 : 0;
      } else if (directories.hasTree(snapshot.id())) {
        discard(snapshot);
      }
    }
    forgetImages(snapshots, known);
    copyMetadata(snapshots);
    LOG.info("event=recovered snapshots={} index-snapshots={}", snapshots.size(), mounted);
  }

  /** The database was lost: it is made again from the copies beside the layers. */
  private void refill(List<Long> ids) throws IOException {
    List<Snapshot> found = new ArrayList<>();
    for (long id : ids) {
      try {
        Snapshot snapshot = SnapshotFile.read(directories.metadata(id));
        if (snapshot.id() == id) {
          found.add(snapshot);
        }
      } catch (IOException e) {
        LOG.warn("event=metadata-lost id={} cause=\"{}\"", id, e.toString());
      }
    }
    LOG.warn(
        "event=database-refilled directories={} snapshots={}",
        ids.size(),
        store.refill(found).size());
  }

  /** Makes up for copies that a crash kept from being written. */
  private void copyMetadata(List<Snapshot> snapshots) {
    for (Snapshot snapshot : snapshots) {
      try {
        SnapshotFile.write(directories.metadata(snapshot.id()), snapshot);
      } catch (IOException e) {
        LOG.warn("event=metadata-not-copied id={} cause=\"{}\"", snapshot.id(), e.toString());
      }
    }
  }

  private boolean restore(Snapshot snapshot, Set<String> known) {
    long id = snapshot.id();
    try {
      indexes.restore(
          id,
          known.contains(IndexSnapshots.imageName(id)),
          written -> ImageOrigins.of(snapshot.name(), snapshot.labels(), written));
      return true;
    } catch (IOException e) {
      logBroken(snapshot, String.valueOf(e.getMessage()));
      return false;
    } catch (RuntimeException | OutOfMemoryError e) {
      logBroken(snapshot, e.toString());
      return false;
    }
  }

  private static void logBroken(Snapshot snapshot, String cause) {
    LOG.error(
        "event=snapshot-broken snapshot=\"{}\" id={} cause=\"{}\" advice=\"remove the image and pull it again\"",
        snapshot.name(),
        snapshot.id(),
        cause);
  }

  /** A commit that did not come to its end: the layer is still there and can be committed again. */
  private void discard(Snapshot snapshot) {
    try {
      indexes.discard(snapshot.id());
    } catch (IOException e) {
      LOG.warn("event=discard-failed id={} cause=\"{}\"", snapshot.id(), e.getMessage());
    }
  }

  private void deleteUnfinished(Snapshot snapshot) {
    try {
      attached.deleteUnfinished(snapshot);
    } catch (IOException e) {
      LOG.warn("event=discard-failed id={} cause=\"{}\"", snapshot.id(), e.getMessage());
    }
  }

  private void removeOrphan(Path orphan) {
    try {
      long id = SnapshotDirectories.id(orphan);
      if (id >= 0) {
        indexes.discard(id);
      }
      SnapshotDirectories.delete(orphan);
      LOG.info("event=leftover-removed directory={}", orphan);
    } catch (IOException e) {
      LOG.warn("event=delete-failed directory={} cause=\"{}\"", orphan, e.getMessage());
    }
  }

  private void forgetImages(List<Snapshot> snapshots, Set<String> known) throws IOException {
    Set<String> needed =
        snapshots.stream()
            .filter(Snapshot::index)
            .map(snapshot -> IndexSnapshots.imageName(snapshot.id()))
            .collect(Collectors.toSet());
    for (String image : known) {
      if (!needed.contains(image)) {
        indexes.forget(image);
      }
    }
  }
}
