package io.imageharbour.snapshotter.store;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * The metadata of a snapshot. Immutable.
 *
 * @param id number of its directory, never used twice
 * @param name key of an active snapshot or view, name of a committed one
 * @param parent name of the committed snapshot below it
 * @param kind what it is good for
 * @param labels set by clients; values are never empty
 * @param created when it was prepared, or committed
 * @param updated when its labels changed last
 * @param usage measured at commit; nothing for others
 * @param index whether it is an index snapshot: it has the whole tree of an image, and what it
 *     stands on does not matter
 * @param attachedLayers of an index snapshot that was made from an index beside its image: how many
 *     of the image's layers, from the bottom, its tree is made of; otherwise 0
 */
public record Snapshot(
    long id,
    String name,
    Optional<String> parent,
    SnapshotKind kind,
    Map<String, String> labels,
    Instant created,
    Instant updated,
    Usage usage,
    boolean index,
    int attachedLayers) {

  public Snapshot {
    labels = Map.copyOf(labels);
  }

  Snapshot withLabels(Map<String, String> newLabels, Instant now) {
    return new Snapshot(
        id, name, parent, kind, newLabels, created, now, usage, index, attachedLayers);
  }

  Snapshot committed(
      String newName,
      Map<String, String> newLabels,
      Instant now,
      Usage measured,
      boolean holdsIndex) {
    return new Snapshot(
        id,
        newName,
        parent,
        SnapshotKind.COMMITTED,
        newLabels,
        now,
        now,
        measured,
        holdsIndex,
        /* attachedLayers= */ 0);
  }

  /** Whether it was made from an index beside its image, and no layer was unpacked into it. */
  public boolean isAttached() {
    return attachedLayers > 0;
  }
}
