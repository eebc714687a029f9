package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.snapshotter.store.InvalidRequestException;
import io.imageharbour.snapshotter.store.SnapshotExistsException;
import io.imageharbour.snapshotter.store.SnapshotNotFoundException;
import io.imageharbour.snapshotter.store.SnapshotStateException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

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
    check(new NoSuchFileException("/f"), Status.Code.INTERNAL, "NoSuchFileException: /f");
  }

  private static void check(IOException failure, Status.Code code, String message) {
    Status status = Statuses.of(failure);
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).contains(message);
  }
}
