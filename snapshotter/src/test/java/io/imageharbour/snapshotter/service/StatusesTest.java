package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.snapshotter.SmallIndex;
import io.imageharbour.snapshotter.filter.SnapshotFilter;
import io.imageharbour.snapshotter.mounts.AttachedSnapshots;
import io.imageharbour.snapshotter.mounts.IndexSnapshots;
import io.imageharbour.snapshotter.mounts.Mount;
import io.imageharbour.snapshotter.mounts.NoTrees;
import io.imageharbour.snapshotter.mounts.OverlayMounts;
import io.imageharbour.snapshotter.mounts.SnapshotDirectories;
import io.imageharbour.snapshotter.mounts.Snapshotter;
import io.imageharbour.snapshotter.source.AttachedImages;
import io.imageharbour.snapshotter.store.InvalidRequestException;
import io.imageharbour.snapshotter.store.SnapshotExistsException;
import io.imageharbour.snapshotter.store.SnapshotNotFoundException;
import io.imageharbour.snapshotter.store.SnapshotStateException;
import io.imageharbour.snapshotter.store.SnapshotStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatusesTest {

  @Test
  void containerdIsToldTheClassesOfErrorsThatItActsOn() {
    check(new SnapshotNotFoundException("m"), Status.Code.NOT_FOUND, "m");
    check(new SnapshotExistsException("m"), Status.Code.ALREADY_EXISTS, "m");
    check(new SnapshotStateException("m"), Status.Code.FAILED_PRECONDITION, "m");
    check(new InvalidRequestException("m"), Status.Code.INVALID_ARGUMENT, "m");
  }

  @Test
  void aFullDiskIsToldApartFromOtherFailures() {
    check(
        new FileSystemException("/f", null, "No space left on device"),
        Status.Code.RESOURCE_EXHAUSTED,
        "/f: No space left on device");
    check(
        new LinuxException("write", "/f", Errno.ENOSPC),
        Status.Code.RESOURCE_EXHAUSTED,
        "No space left on device");
    check(
        new FileSystemException("/f", null, "Disk quota exceeded"),
        Status.Code.RESOURCE_EXHAUSTED,
        "/f: Disk quota exceeded");
    check(
        new LinuxException("write", "/f", Errno.EDQUOT),
        Status.Code.RESOURCE_EXHAUSTED,
        "Disk quota exceeded");
    check(
        failureOf(() -> Files.write(Path.of("/dev/full"), new byte[1])),
        Status.Code.RESOURCE_EXHAUSTED,
        "No space left on device");
    check(new LinuxException("write", "/f", Errno.EIO), Status.Code.INTERNAL, "/f");
    check(new NoSuchFileException("/f"), Status.Code.INTERNAL, "NoSuchFileException: /f");
  }

  @Test
  void aWrongIndexIsToldForWhatIsWrongWithIt() throws Exception {
    byte[] tooNew = SmallIndex.bytes();
    tooNew[8] = 99;
    byte[] damaged = SmallIndex.bytes();
    damaged[damaged.length - 1] ^= 1;
    check(failureOf(() -> read(new byte[0])), Status.Code.INVALID_ARGUMENT, "not a Harbour index");
    check(failureOf(() -> read(tooNew)), Status.Code.UNIMPLEMENTED, "format version 99");
    check(failureOf(() -> read(damaged)), Status.Code.DATA_LOSS, "corrupt index");
  }

  @Test
  void aBadFilterAndABadDatabaseAreToldApart(@TempDir Path directory) throws Exception {
    check(
        failureOf(() -> SnapshotFilter.anyOf(List.of("name=="))),
        Status.Code.INVALID_ARGUMENT,
        "cannot read the filter");
    Files.writeString(directory.resolve("snapshots.mdb"), "no database at all ".repeat(1000));
    check(
        failureOf(() -> SnapshotStore.open(directory).close()),
        Status.Code.UNAVAILABLE,
        "cannot open the snapshot database");
  }

  @Test
  void anIndexOnAMachineThatCannotMountItIsAFailedPrecondition(@TempDir Path root)
      throws Exception {
    SnapshotDirectories directories = new SnapshotDirectories(root);
    try (SnapshotStore store = SnapshotStore.open(root.resolve("db"));
        ContentStore contents =
            ContentStore.open(ContentStoreConfig.of(root), List.of(), digest -> "");
        IndexSnapshots indexes =
            new IndexSnapshots(
                directories, contents, new NoTrees(directories, "EROFS: not there"))) {
      OverlayMounts mounts = new OverlayMounts(directories, id -> List.of(), List.of(), List.of());
      Snapshotter snapshotter =
          new Snapshotter(
              store,
              directories,
              mounts,
              indexes,
              new AttachedSnapshots(store, directories, indexes, AttachedImages.NONE),
              started -> {});
      Mount layer = snapshotter.prepare("a", Optional.empty(), Map.of()).getFirst();
      SmallIndex.write(Path.of(layer.source()), SmallIndex.bytes());
      check(
          failureOf(() -> snapshotter.commit("c", "a", Map.of())),
          Status.Code.FAILED_PRECONDITION,
          "EROFS: not there");
    }
  }

  private static void read(byte[] index) throws IOException {
    IndexFormat.read(new ByteArrayInputStream(index), "i");
  }

  private static IOException failureOf(ThrowingCallable action) {
    return catchThrowableOfType(IOException.class, action);
  }

  private static void check(IOException failure, Status.Code code, String message) {
    Status status = Statuses.of(failure);
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).contains(message);
  }
}
