package io.imageharbour.snapshotter.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/**
 * A copy of a snapshot's metadata beside its layer, to make the database again if it is lost. The
 * database is right where they differ, so the copies are not made durable one by one.
 *
 * <pre>
 *   SnapshotRecord (harbour/store.proto)
 * </pre>
 */
public final class SnapshotFile {

  private static final long MAX_BYTES = 16 << 20;

  private SnapshotFile() {}

  /** Writes the file, or leaves it as it is if it says the same. */
  public static void write(Path file, Snapshot snapshot) throws IOException {
    byte[] bytes = SnapshotCodec.encode(snapshot);
    if (Files.exists(file) && Arrays.equals(Files.readAllBytes(file), bytes)) {
      return;
    }
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.write(fresh, bytes);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Reads the file.
   *
   * @throws SnapshotStoreException if it is damaged
   */
  public static Snapshot read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is too large to be the metadata of a snapshot");
    }
    return SnapshotCodec.decode(ByteBuffer.wrap(Files.readAllBytes(file)));
  }
}
