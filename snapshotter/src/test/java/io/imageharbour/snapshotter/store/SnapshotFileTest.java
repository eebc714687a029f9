package io.imageharbour.snapshotter.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.Timestamp;
import io.imageharbour.snapshotter.proto.store.SnapshotRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFileTest {

  @TempDir private Path directory;

  @Test
  void whatWasWrittenIsRead() throws Exception {
    Snapshot snapshot =
        new Snapshot(
            7,
            "name",
            Optional.of("parent"),
            SnapshotKind.COMMITTED,
            Map.of("label", "value"),
            Instant.ofEpochSecond(1, 999_999_999),
            Instant.ofEpochSecond(-1),
            new Usage(4096, 2),
            /* index= */ true,
            /* attachedLayers= */ 3);
    Path file = directory.resolve("snapshot");
    SnapshotFile.write(file, snapshot);
    assertThat(SnapshotFile.read(file)).isEqualTo(snapshot);
  }

  @Test
  void anImpossibleTimeIsDamage() throws Exception {
    refuse(record().setCreatedAt(Timestamp.newBuilder().setSeconds(Long.MAX_VALUE)));
    refuse(record().setUpdatedAt(Timestamp.newBuilder().setSeconds(Long.MIN_VALUE)));
    refuse(
        record()
            .setUpdatedAt(
                Timestamp.newBuilder().setSeconds(Long.MAX_VALUE).setNanos(Integer.MAX_VALUE)));
  }

  private static SnapshotRecord.Builder record() {
    return SnapshotRecord.newBuilder()
        .setId(1)
        .setName("name")
        .setKind(SnapshotRecord.Kind.COMMITTED);
  }

  private void refuse(SnapshotRecord.Builder record) throws Exception {
    Path file = directory.resolve("snapshot");
    Files.write(file, record.build().toByteArray());
    assertThatExceptionOfType(SnapshotStoreException.class)
        .isThrownBy(() -> SnapshotFile.read(file));
  }
}
