package io.imageharbour.cli.mount;

import static java.nio.file.StandardOpenOption.WRITE;

import io.imageharbour.cli.text.Quantity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Makes the directories of a cache, and sees that there is room in them. */
final class CacheDirectory {

  /** Enough for the table of most images, and what comes with a first read. */
  private static final int LEAST_BYTES = 16_000_000;

  private static final int WRITE_BYTES = 1_000_000;

  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private CacheDirectory() {}

  /**
   * Makes a directory, unless it is there, and writes a file there, which it removes: without room
   * a mount would be there and every read of it fail; and what a disk says to be free may be denied
   * by a quota.
   *
   * @throws FileSystemException if nothing can be kept there, with what to do
   */
  static void make(Path directory) throws IOException {
    try {
      Files.createDirectories(directory);
      Path file = Files.createTempFile(directory, "room-", "");
      try (FileChannel channel = FileChannel.open(file, WRITE)) {
        Files.delete(file);
        ByteBuffer zeros = ByteBuffer.allocate(WRITE_BYTES);
        while (channel.size() < LEAST_BYTES) {
          channel.write(zeros.rewind());
        }
      }
    } catch (IOException e) {
      throw refusal(directory, e);
    }
  }

  /** Makes a directory below, for this user only, unless it is there. */
  static void makePrivate(Path directory) throws IOException {
    try {
      Files.createDirectory(directory, PRIVATE);
    } catch (FileAlreadyExistsException e) {
      // of an earlier mount
    } catch (IOException e) {
      throw refusal(directory, e);
    }
  }

  private static FileSystemException refusal(Path directory, IOException cause) throws IOException {
    Path there = directory;
    while (Files.notExists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    return new FileSystemException(
        directory.toString(),
        null,
        "the cache can't keep files there: %s (%s are free; a mount takes at least %s, and what is read of the image); make room, or name another directory with --cache"
            .formatted(
                reason(cause),
                Quantity.bytes(Files.getFileStore(there).getUsableSpace()),
                Quantity.bytes(LEAST_BYTES)));
  }

  private static String reason(IOException failure) {
    return switch (failure) {
      case AccessDeniedException _ -> "access denied";
      case FileAlreadyExistsException _ -> "it is not a directory";
      case FileSystemException file when file.getReason() != null -> file.getReason();
      case FileSystemException file -> file.getClass().getSimpleName();
      default -> String.valueOf(failure.getMessage());
    };
  }
}
