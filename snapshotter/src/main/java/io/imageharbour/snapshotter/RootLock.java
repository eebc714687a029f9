package io.imageharbour.snapshotter;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps a second daemon from a root directory. The kernel takes the lock away when the process
 * ends, however it ends.
 */
final class RootLock implements AutoCloseable {

  private final FileChannel channel;

  private RootLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @throws RootInUseException if another process has it
   */
  static RootLock take(Path root) throws IOException {
    FileChannel channel =
        FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = channel.tryLock();
    if (lock == null) {
      channel.close();
      throw new RootInUseException(root);
    }
    return new RootLock(channel);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** Another daemon uses the root directory. */
  static final class RootInUseException extends HarbourException {

    private static final long serialVersionUID = 1;

    RootInUseException(Path root) {
      super(
          "cannot use "
              + root
              + ": another harbourd does; stop it, or choose another directory with --root");
    }
  }
}
