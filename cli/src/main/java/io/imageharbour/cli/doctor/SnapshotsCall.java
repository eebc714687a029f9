package io.imageharbour.cli.doctor;

import io.grpc.StatusRuntimeException;
import io.imageharbour.snapshotter.grpc.UnixConnection;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** A real call to a snapshotter on its socket. That containerd lists a plugin proves nothing. */
final class SnapshotsCall {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private SnapshotsCall() {}

  /** Asks for the list of snapshots. Returns what went wrong, or nothing. */
  static Optional<String> list(Path socket) {
    try (UnixConnection connection = new UnixConnection(socket, "doctor-io")) {
      SnapshotsGrpc.newBlockingStub(connection.channel())
          .withDeadlineAfter(TIMEOUT)
          .list(ListSnapshotsRequest.getDefaultInstance())
          .forEachRemaining(_ -> {});
      return Optional.empty();
    } catch (StatusRuntimeException e) {
      return Optional.of(reason(e));
    }
  }

  private static String reason(StatusRuntimeException failure) {
    // of a connection that fails only the cause tells why
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return switch (failure.getStatus().getCode()) {
      case DEADLINE_EXCEEDED -> "no answer within " + TIMEOUT.toSeconds() + " s";
      default -> String.valueOf(cause.getMessage());
    };
  }
}
