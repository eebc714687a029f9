package io.imageharbour.snapshotter.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.imageharbour.snapshotter.proto.store.SnapshotRecord;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/** {@link Snapshot} to bytes and back; the layout is {@code harbour/store.proto}. */
final class SnapshotCodec {

  private SnapshotCodec() {}

  static byte[] encode(Snapshot snapshot) {
    return SnapshotRecord.newBuilder()
        .setId(snapshot.id())
        .setName(snapshot.name())
        .setParent(snapshot.parent().orElse(""))
        .setKind(
            switch (snapshot.kind()) {
              case VIEW -> SnapshotRecord.Kind.VIEW;
              case ACTIVE -> SnapshotRecord.Kind.ACTIVE;
              case COMMITTED -> SnapshotRecord.Kind.COMMITTED;
            })
        .putAllLabels(snapshot.labels())
        .setCreatedAt(timestamp(snapshot.created()))
        .setUpdatedAt(timestamp(snapshot.updated()))
        .setUsageBytes(snapshot.usage().bytes())
        .setUsageInodes(snapshot.usage().inodes())
        .setIndex(snapshot.index())
        .setAttachedLayers(snapshot.attachedLayers())
        .build()
        .toByteArray();
  }

  static Snapshot decode(ByteBuffer bytes) throws SnapshotStoreException {
    try {
      SnapshotRecord stored = SnapshotRecord.parseFrom(bytes);
      return new Snapshot(
          stored.getId(),
          stored.getName(),
          stored.getParent().isEmpty() ? Optional.empty() : Optional.of(stored.getParent()),
          kind(stored),
          stored.getLabelsMap(),
          instant(stored.getCreatedAt()),
          instant(stored.getUpdatedAt()),
          new Usage(stored.getUsageBytes(), stored.getUsageInodes()),
          stored.getIndex(),
          stored.getAttachedLayers());
    } catch (InvalidProtocolBufferException | DateTimeException | ArithmeticException e) {
      throw new SnapshotStoreException("a record in the snapshot database is not readable", e);
    }
  }

  private static SnapshotKind kind(SnapshotRecord stored) throws InvalidProtocolBufferException {
    return switch (stored.getKind()) {
      case VIEW -> SnapshotKind.VIEW;
      case ACTIVE -> SnapshotKind.ACTIVE;
      case COMMITTED -> SnapshotKind.COMMITTED;
      case UNKNOWN, UNRECOGNIZED ->
          throw new InvalidProtocolBufferException(
              "snapshot \"" + stored.getName() + "\" is of kind " + stored.getKindValue());
    };
  }

  private static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  private static Instant instant(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }
}
