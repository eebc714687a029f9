package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.snapshotter.LoopFiles;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotFile;
import io.imageharbour.snapshotter.store.SnapshotKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What has to be true of the snapshots of a harbourd, whatever was done to them. */
final class SnapshotChecks {

  private static final AtomicLong NUMBERS = new AtomicLong();

  private final LayeredImages images;
  private final Path snapshots;
  private final Path mountpoints;

  /**
   * Checks.
   *
   * @param root of harbourd
   * @param mountpoints where snapshots are mounted to look at them
   */
  SnapshotChecks(LayeredImages images, Path root, Path mountpoints) {
    this.images = images;
    this.snapshots = root.resolve("s");
    this.mountpoints = mountpoints;
  }

  /**
   * Looks at the tree of a committed snapshot, as somebody would who stands on it, and compares it
   * with what its layers make of a plain directory.
   *
   * @return whether there was such a snapshot
   */
  boolean assertWhole(Info snapshot, SnapshotCalls calls) throws IOException {
    String view = "view-" + NUMBERS.incrementAndGet();
    try {
      try (TreeMount mounted = TreeMount.of(calls.view(view, snapshot.getName()), mountpoints)) {
        assertThat(TreeListing.of(mounted.root()))
            .as("the tree of %s", snapshot)
            .isEqualTo(images.plainTree(snapshot.getLabelsMap()));
      }
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return false;
      }
      throw e;
    }
    calls.remove(view);
    return true;
  }

  /**
   * That there is a directory for each snapshot and no other, a tree mounted only where an index
   * snapshot has one, and all that it takes to make one where it has none yet.
   */
  void assertNothingLeaked(SnapshotCalls calls) throws IOException {
    assertNothingLeaked(calls, snapshot -> false);
  }

  /**
   * The same.
   *
   * @param broken whether the tree of a snapshot may be one that can't be made
   */
  void assertNothingLeaked(SnapshotCalls calls, Predicate<Snapshot> broken) throws IOException {
    Set<String> names = calls.list().stream().map(Info::getName).collect(Collectors.toSet());
    List<Snapshot> onDisk = onDisk();
    assertThat(onDisk.stream().map(Snapshot::name))
        .as("snapshots with a directory")
        .containsExactlyInAnyOrderElementsOf(names);
    Set<Path> mounts = mounts();
    Set<Path> trees = new TreeSet<>();
    for (Snapshot snapshot : onDisk) {
      boolean committedIndex = snapshot.index() && snapshot.kind() == SnapshotKind.COMMITTED;
      if (committedIndex && isComplete(snapshot)) {
        Path tree = directory(snapshot).resolve("m");
        if (!broken.test(snapshot) || mounts.contains(tree)) {
          trees.add(tree);
        }
      } else if (committedIndex) {
        assertThat(directory(snapshot))
            .isDirectoryContaining("glob:**/image-index")
            .isDirectoryContaining("glob:**/image-recipe")
            .isDirectoryContaining("glob:**/image-layers");
      } else {
        assertThat(directory(snapshot).resolve("m")).doesNotExist();
      }
      assertThat(directory(snapshot).resolve("index-new")).doesNotExist();
      assertThat(directory(snapshot).resolve("index.new")).doesNotExist();
    }
    assertThat(mounts).as("mounted trees").isEqualTo(trees);
  }

  /** That no snapshot is there any more, and nothing of one. */
  void assertNothingIsLeft(SnapshotCalls calls) throws IOException {
    assertThat(calls.list()).isEmpty();
    assertThat(snapshots).isEmptyDirectory();
    assertThat(mounts()).isEmpty();
    assertThat(LoopFiles.below(snapshots)).isEmpty();
  }

  /** The snapshots, as their directories say. */
  List<Snapshot> onDisk() throws IOException {
    List<Snapshot> found = new ArrayList<>();
    try (Stream<Path> directories = Files.list(snapshots)) {
      for (Path directory : directories.toList()) {
        found.add(SnapshotFile.read(directory.resolve("snapshot")));
      }
    }
    return found;
  }

  /** Where a snapshot has what belongs to it. */
  Path directory(Snapshot snapshot) {
    return snapshots.resolve(Long.toString(snapshot.id()));
  }

  /** Whether an index snapshot has its tree, and is not only ready to make it. */
  boolean isComplete(Snapshot snapshot) {
    return Files.exists(directory(snapshot).resolve("fs/.harbour/index"));
  }

  private Set<Path> mounts() throws IOException {
    return MountTable.read().stream()
        .map(MountTable.Mount::target)
        .filter(target -> target.startsWith(snapshots))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
