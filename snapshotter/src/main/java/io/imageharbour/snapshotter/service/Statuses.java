package io.imageharbour.snapshotter.service;

import io.grpc.Status;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.format.CorruptIndexException;
import io.imageharbour.indexer.format.IndexTooNewException;
import io.imageharbour.indexer.format.NotAnIndexException;
import io.imageharbour.snapshotter.filter.FilterSyntaxException;
import io.imageharbour.snapshotter.mounts.IndexMountException;
import io.imageharbour.snapshotter.mounts.IndexSnapshotsUnsupportedException;
import io.imageharbour.snapshotter.mounts.IndexTooLargeException;
import io.imageharbour.snapshotter.mounts.MountOptionsTooLongException;
import io.imageharbour.snapshotter.store.InvalidRequestException;
import io.imageharbour.snapshotter.store.SnapshotExistsException;
import io.imageharbour.snapshotter.store.SnapshotNotFoundException;
import io.imageharbour.snapshotter.store.SnapshotStateException;
import io.imageharbour.snapshotter.store.SnapshotStoreException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.LmdbNativeException;

/**
 * The one place where failures become gRPC status codes. containerd turns codes back into its own
 * classes of errors ({@code errdefs}) and acts on them: "already exists" at a commit, for one,
 * tells it that another pull was first, and is no failure.
 */
final class Statuses {

  private Statuses() {}

  static Status of(IOException failure) {
    return code(failure).withDescription(message(failure)).withCause(failure);
  }

  /** The status of a failure that nobody foresaw; what more there is to know is for the log. */
  static Status ofBug(Throwable failure) {
    return Status.INTERNAL
        .withDescription(
            "harbourd has a bug, its log says where: " + failure.toString().replace('\n', ' '))
        .withCause(failure);
  }

  private static Status code(IOException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (isDiskFull(cause)) {
        return Status.RESOURCE_EXHAUSTED;
      }
    }
    return switch (failure) {
      case SnapshotNotFoundException e -> Status.NOT_FOUND;
      case SnapshotExistsException e -> Status.ALREADY_EXISTS;
      case SnapshotStateException e -> Status.FAILED_PRECONDITION;
      case MountOptionsTooLongException e -> Status.FAILED_PRECONDITION;
      case InvalidRequestException e -> Status.INVALID_ARGUMENT;
      case FilterSyntaxException e -> Status.INVALID_ARGUMENT;
      case NotAnIndexException e -> Status.INVALID_ARGUMENT;
      case IndexTooNewException e -> Status.UNIMPLEMENTED;
      case CorruptIndexException e -> Status.DATA_LOSS;
      case IndexSnapshotsUnsupportedException e -> Status.FAILED_PRECONDITION;
      case IndexTooLargeException e -> Status.RESOURCE_EXHAUSTED;
      case IndexMountException e -> Status.INTERNAL;
      case SnapshotStoreException e -> Status.UNAVAILABLE;
      default -> Status.INTERNAL;
    };
  }

  private static boolean isDiskFull(Throwable failure) {
    return switch (failure) {
      case LinuxException e -> isDiskFull(e.errno());
      // EIO is what LMDB makes of a write of which only a part found room; it reads without errors
      case LmdbNativeException e -> isDiskFull(e.getResultCode()) || e.getResultCode() == Errno.EIO;
      case FileSystemException e -> isDiskFull(e.getReason());
      case IOException e -> isDiskFull(e.getMessage());
      default -> false;
    };
  }

  private static boolean isDiskFull(int errno) {
    return errno == Errno.ENOSPC || errno == Errno.EDQUOT;
  }

  /** Java has no class for it, and says what strerror(3) says. */
  private static boolean isDiskFull(@Nullable String reason) {
    return "No space left on device".equals(reason) || "Disk quota exceeded".equals(reason);
  }

  /** The messages of the Java platform say little without the name of their class. */
  private static String message(IOException failure) {
    return failure instanceof HarbourException expected
        ? String.valueOf(expected.getMessage())
        : failure.toString();
  }
}
