package io.imageharbour.fusefs.cas;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that exists while the store is in use and holds the boot id of the kernel, so that the
 * next start knows how the last one ended.
 */
public final class RunMarker {

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private final Path file;

  private RunMarker(Path file) {
    this.file = file;
  }

  /** How the last process that used the store ended. */
  public enum LastEnd {
    /** It closed the store, or there was none. */
    CLEAN,
    /** It was killed; what it wrote is in the page cache or on the disk. */
    KILLED,
    /** The machine went down; what was not flushed is lost, in part or whole. */
    MACHINE_CRASHED
  }

  /** The marker in a file of its own. */
  public static RunMarker at(Path file) {
    return new RunMarker(file);
  }

  /** Says how the last use ended. */
  public LastEnd lastEnd() throws IOException {
    if (!Files.exists(file)) {
      return LastEnd.CLEAN;
    }
    return Files.readString(file, US_ASCII).equals(bootId())
        ? LastEnd.KILLED
        : LastEnd.MACHINE_CRASHED;
  }

  /** Notes, durably, that the store is in use. */
  public void set() throws IOException {
    try (FileChannel marker = FileChannel.open(file, CREATE, WRITE, TRUNCATE_EXISTING);
        FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
      ByteBuffer id = ByteBuffer.wrap(bootId().getBytes(US_ASCII));
      while (id.hasRemaining()) {
        marker.write(id);
      }
      marker.force(true);
      directory.force(true);
    }
  }

  /** Notes that the store was closed; everything in it must be durable. */
  public void clear() throws IOException {
    Files.deleteIfExists(file);
  }

  private static String bootId() throws IOException {
    return Files.readString(BOOT_ID, US_ASCII);
  }
}
