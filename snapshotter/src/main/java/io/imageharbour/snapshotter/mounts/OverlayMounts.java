package io.imageharbour.snapshotter.mounts;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Collectors;

/**
 * What clients are told to mount. For ordinary layers the same as from containerd's overlayfs
 * snapshotter: a bind mount where one directory is all, else an overlay. On an index snapshot
 * always one overlay, whose data-only layers are the content store and the image's directory of the
 * content mount:
 *
 * <pre>
 *   lowerdir=LAYER:LAYER:TREE::CAS::CONTENT-MOUNT/IMAGE
 * </pre>
 *
 * Where there are no data-only layers, because trees have their contents themselves, such a tree is
 * mounted like an ordinary layer.
 *
 * @param directories where the layers lie
 * @param data the data-only layers on an index snapshot, nearest first, or none, by its id
 * @param options what every overlay mount gets, such as {@code index=off}
 * @param indexOptions what overlay mounts on an index snapshot get besides
 */
public record OverlayMounts(
    SnapshotDirectories directories,
    LongFunction<List<Path>> data,
    List<String> options,
    List<String> indexOptions) {

  /** mount(2) copies one page of options, and wants a NUL at its end. */
  private static final int MAX_OPTIONS = 4095;

  public OverlayMounts {
    options = List.copyOf(options);
    indexOptions = List.copyOf(indexOptions);
  }

  /**
   * How to mount an active snapshot or a view.
   *
   * @param id of its directory
   * @param kind active or view
   * @param ancestors what it shows, as {@link #seen} has it
   * @throws MountOptionsTooLongException if an index snapshot has more layers on it than the kernel
   *     takes; a client can shorten the options of ordinary layers, but not of these
   */
  List<Mount> of(long id, SnapshotKind kind, List<Snapshot> ancestors)
      throws MountOptionsTooLongException {
    boolean writable = kind == SnapshotKind.ACTIVE;
    if (ancestors.isEmpty()) {
      return bind(directories.layer(id), writable ? "rw" : "ro");
    }
    boolean onIndex = ancestors.getLast().index();
    if (!writable && ancestors.size() == 1 && !(onIndex && hasDataLayers(ancestors.getLast()))) {
      // overlayfs takes no layer alone without one to write to
      return bind(rootOf(ancestors.getFirst()), "ro");
    }
    List<String> all = new ArrayList<>(options);
    if (onIndex) {
      all.addAll(indexOptions);
    }
    if (writable) {
      all.add("workdir=" + directories.work(id));
      all.add("upperdir=" + directories.layer(id));
    }
    all.add("lowerdir=" + lowerDirectories(ancestors, onIndex));
    int bytes = String.join(",", all).getBytes(UTF_8).length;
    if (onIndex && bytes > MAX_OPTIONS) {
      throw new MountOptionsTooLongException(ancestors.size() - 1, bytes, MAX_OPTIONS);
    }
    return List.of(new Mount("overlay", "overlay", all));
  }

  /**
   * What a snapshot shows of those that it stands on: all down to the first that has a whole tree,
   * an index snapshot.
   *
   * @param ancestors its parent first, the base last
   */
  static List<Snapshot> seen(List<Snapshot> ancestors) {
    List<Snapshot> seen = new ArrayList<>();
    for (Snapshot ancestor : ancestors) {
      seen.add(ancestor);
      if (ancestor.index()) {
        break;
      }
    }
    return seen;
  }

  /** The root directory of a committed snapshot's own tree. */
  Path rootOf(Snapshot committed) {
    return committed.index() ? directories.tree(committed.id()) : directories.layer(committed.id());
  }

  private boolean hasDataLayers(Snapshot index) {
    return !data.apply(index.id()).isEmpty();
  }

  private String lowerDirectories(List<Snapshot> ancestors, boolean onIndex) {
    String lower =
        ancestors.stream()
            .map(ancestor -> rootOf(ancestor).toString())
            .collect(Collectors.joining(":"));
    if (!onIndex) {
      return lower;
    }
    return lower
        + data.apply(ancestors.getLast().id()).stream()
            .map(layer -> "::" + layer)
            .collect(Collectors.joining());
  }

  private static List<Mount> bind(Path source, String access) {
    return List.of(new Mount("bind", source.toString(), List.of(access, "rbind")));
  }
}
